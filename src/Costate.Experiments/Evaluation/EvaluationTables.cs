using Costate.Faces.Reports;

namespace Costate.Experiments.Evaluation;

/// <summary>An evaluation in tables.</summary>
internal static class EvaluationTables
{
    /// <summary>Its tables in order, each after a sentence that says what it has.</summary>
    internal static IEnumerable<(string? Sentence, ResultTable Table)> Of(EvaluationReport report)
    {
        yield return (
            "MMPMR in %: with other pictures of the two people (95 % interval), under all judges at once, "
                + "and with the sources of the morph.",
            Rates(report.Methods));
        yield return (
            "Cost: network evaluations as AdjointDEIS counts them and those made, gradients of the network; "
                + "time without the common encoding.",
            Costs(report.Methods));
        foreach (TableSummary table in report.Tables)
        {
            yield return ($"{table.Title} (table {table.Number} of AdjointDEIS)", Rates(table.Rows));
        }
    }

    // MMPMR in percent, with other pictures of the people and its interval, under all judges at once, and with the sources of the morph.
    private static ResultTable Rates(IReadOnlyList<MethodSummary> methods)
    {
        var table = new ResultTable(["method", "pairs", .. methods[0].Judges.Select(j => j.Recogniser), "all judges", "sources"]);
        foreach (MethodSummary m in methods)
        {
            table.Add(
            [
                m.Label,
                $"{m.Pairs}",
                .. m.Judges.Select(j => Percent(j.Others)),
                $"{100 * m.AllJudges.Rate:0.0}",
                string.Join(" / ", m.Judges.Select(j => $"{100 * j.Sources.Rate:0.0}")),
            ]);
        }

        return table;
    }

    // Evaluations as published and as made, gradients of the network, time.
    private static ResultTable Costs(IReadOnlyList<MethodSummary> methods)
    {
        var table = new ResultTable("method", "loss", "evaluations", "made", "gradients", "s a pair");
        foreach (MethodSummary m in methods)
        {
            table.Add(
                m.Label,
                $"{m.Loss:0.000}",
                $"{m.Evaluations}",
                $"{m.EvaluationsMade:0}",
                $"{m.VectorJacobianProducts:0}",
                $"{m.SecondsPerPair:0.00}");
        }

        return table;
    }

    private static string Percent(MatchRate rate) => $"{100 * rate.Rate:0.0} ({100 * rate.Low:0.0}-{100 * rate.High:0.0})";
}
