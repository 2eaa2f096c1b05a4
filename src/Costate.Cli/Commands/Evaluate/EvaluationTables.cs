using Costate.Experiments.Evaluation;
using Spectre.Console;

namespace Costate.Cli.Commands.Evaluate;

/// <summary>An evaluation in tables.</summary>
internal static class EvaluationTables
{
    /// <summary>
    /// MMPMR in percent, with other pictures of the people and its interval, under all judges at once, and with the sources of the morph.
    /// </summary>
    internal static Table Rates(IReadOnlyList<MethodSummary> methods)
    {
        Table table = New(["pairs", .. methods[0].Judges.Select(j => j.Recogniser), "all judges", "sources"]);
        foreach (MethodSummary m in methods)
        {
            table.AddRow(
            [
                Markup.Escape(m.Label),
                $"{m.Pairs}",
                .. m.Judges.Select(j => Percent(j.Others)),
                $"{100 * m.AllJudges.Rate:0.0}",
                string.Join(" / ", m.Judges.Select(j => $"{100 * j.Sources.Rate:0.0}")),
            ]);
        }

        return table;
    }

    /// <summary>What it cost: evaluations as published and as made, gradients of the network, time.</summary>
    internal static Table Costs(IReadOnlyList<MethodSummary> methods)
    {
        Table table = New("loss", "evaluations", "made", "gradients", "s a pair");
        foreach (MethodSummary m in methods)
        {
            table.AddRow(
                Markup.Escape(m.Label),
                $"{m.Loss:0.000}",
                $"{m.Evaluations}",
                $"{m.EvaluationsMade:0}",
                $"{m.VectorJacobianProducts:0}",
                $"{m.SecondsPerPair:0.00}");
        }

        return table;
    }

    private static Table New(params string[] columns)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn("method").NoWrap());
        foreach (string column in columns)
        {
            table.AddColumn(new TableColumn(Markup.Escape(column)).RightAligned().NoWrap());
        }

        return table;
    }

    private static string Percent(MatchRate rate) => $"{100 * rate.Rate:0.0} ({100 * rate.Low:0.0}-{100 * rate.High:0.0})";
}
