using Spectre.Console;

namespace Costate.Cli.Morphs;

/// <summary>Morphs in a few lines.</summary>
internal static class MorphTables
{
    internal static Table Of(MorphReport report)
    {
        Table table = New("recogniser", "to A", "to B", "A to B", "threshold", "takes it for both");
        foreach (MorphSimilarity s in report.Recognisers)
        {
            table.AddRow(
                Markup.Escape(s.Judges ? s.Recogniser : $"{s.Recogniser} (guides)"),
                $"{s.ToA:0.000}",
                $"{s.ToB:0.000}",
                $"{s.AToB:0.000}",
                $"{s.Threshold:0.000}",
                s.Accepted ? "yes" : "no");
        }

        return table;
    }

    internal static Table Of(MorphBatchReport report)
    {
        Table table = New("pairs", "made", "there before", "failed", "taken for both by all judges");
        MorphBatchRow[] done = [.. report.Pairs.Where(p => p.Error is null)];
        table.AddRow(
            $"{report.Pairs.Count}",
            $"{done.Count(p => !p.WasThere)}",
            $"{done.Count(p => p.WasThere)}",
            $"{report.Pairs.Count - done.Length}",
            done.Length == 0 ? "" : $"{done.Count(p => p.Accepted)} ({(double)done.Count(p => p.Accepted) / done.Length:P0})");
        return table;
    }

    private static Table New(params string[] columns)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string column in columns)
        {
            table.AddColumn(column);
        }

        return table;
    }
}
