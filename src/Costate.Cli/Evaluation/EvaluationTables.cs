using Spectre.Console;

namespace Costate.Cli.Evaluation;

/// <summary>An evaluation in tables.</summary>
internal static class EvaluationTables
{
    /// <summary>MMPMR in percent with other pictures of the people, its interval, and cost.</summary>
    internal static Table Of(IReadOnlyList<MethodSummary> methods)
    {
        Table table = new Table().Border(TableBorder.Simple);
        table.AddColumn("method");
        table.AddColumn(new TableColumn("pairs").RightAligned());
        foreach (JudgeSummary judge in methods[0].Judges)
        {
            table.AddColumn(Markup.Escape(judge.Recogniser));
        }

        foreach (string name in (string[])["sources", "all judges", "loss", "evaluations", "made", "VJPs", "s a pair"])
        {
            table.AddColumn(new TableColumn(name).RightAligned());
        }

        foreach (MethodSummary m in methods)
        {
            table.AddRow(
            [
                Markup.Escape(m.Label),
                $"{m.Pairs}",
                .. m.Judges.Select(j => Percent(j.Others)),
                string.Join(' ', m.Judges.Select(j => $"{100 * j.Sources.Rate:0.0}")),
                $"{100 * m.AllJudges.Rate:0.0}",
                $"{m.Loss:0.000}",
                $"{m.Evaluations}",
                $"{m.EvaluationsMade:0}",
                $"{m.VectorJacobianProducts:0}",
                $"{m.SecondsPerPair:0.00}",
            ]);
        }

        return table;
    }

    private static string Percent(MatchRate rate) => $"{100 * rate.Rate:0.0} ({100 * rate.Low:0.0}-{100 * rate.High:0.0})";
}
