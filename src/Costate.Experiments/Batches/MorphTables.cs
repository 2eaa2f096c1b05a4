using Costate.Faces.Morphs;
using Costate.Faces.Reports;

namespace Costate.Experiments.Batches;

/// <summary>Morphs in a few lines.</summary>
internal static class MorphTables
{
    internal static ResultTable Of(MorphReport report)
    {
        ResultTable table = New("recogniser", "to A", "to B", "A to B", "threshold", "takes it for both", "the blend too");
        foreach ((MorphSimilarity s, MorphSimilarity ofBlend) in report.Recognisers.Zip(report.Blend.Recognisers))
        {
            table.Add(
                s.Judges ? s.Recogniser : $"{s.Recogniser} (guides)",
                $"{s.ToA:0.000}",
                $"{s.ToB:0.000}",
                $"{s.AToB:0.000}",
                $"{s.Threshold:0.000}",
                s.Accepted ? "yes" : "no",
                ofBlend.Accepted ? "yes" : "no");
        }

        return table;
    }

    internal static ResultTable Of(MorphBatchReport report)
    {
        ResultTable table = New("pairs", "made", "there before", "failed", "taken for both by all judges", "their blends alone");
        MorphBatchRow[] done = [.. report.Pairs.Where(p => p.Error is null)];
        table.Add(
            $"{report.Pairs.Count}",
            $"{done.Count(p => !p.WasThere)}",
            $"{done.Count(p => p.WasThere)}",
            $"{report.Pairs.Count - done.Length}",
            Share(done, row => row.Accepted),
            Share(done, row => row.BlendAccepted));
        return table;
    }

    private static string Share(MorphBatchRow[] rows, Func<MorphBatchRow, bool> of) =>
        rows.Length == 0 ? "" : $"{rows.Count(of)} ({(double)rows.Count(of) / rows.Length:P0})";

    private static ResultTable New(params string[] columns) => new(columns) { WordColumns = columns.Length };
}
