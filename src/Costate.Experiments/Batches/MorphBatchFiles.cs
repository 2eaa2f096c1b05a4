using System.Globalization;
using System.Text;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Files;
using Costate.Experiments.Galleries;
using Costate.Faces.Files;
using Costate.Faces.Reports;

namespace Costate.Experiments.Batches;

/// <summary>The files that sum up a batch, beside the folders of its pairs.</summary>
internal static class MorphBatchFiles
{
    internal const string Table = "morphs.csv";
    internal const string Report = "batch.json";

    /// <summary>What no pair may be called.</summary>
    internal static readonly string[] All = [EvaluationContents.File, Table, Report, Gallery.FileName];

    /// <summary>Writes them anew.</summary>
    /// <param name="output">The folder.</param>
    /// <param name="report">What is in it.</param>
    /// <param name="recognisers">Their names, in the order of the report.</param>
    internal static void Write(string output, MorphBatchReport report, IReadOnlyList<string> recognisers)
    {
        using OutputFolder together = OutputFolder.Prepare(output, Table, Report, Gallery.FileName);
        File.WriteAllText(together.Stage(Table), Text(report.Pairs, recognisers));
        File.WriteAllText(together.Stage(Report), JsonReport.Text(report) + '\n');
        Gallery.Stage(together, withFolder: true);
        together.Commit();
    }

    private static string Text(IReadOnlyList<MorphBatchRow> rows, IReadOnlyList<string> recognisers)
    {
        var table = new StringBuilder();
        table.AppendJoin(
            ',',
                [
                    "line",
                    "name",
                    "accepted",
                    "loss",
                    "blend_accepted",
                    "blend_loss",
                    .. recognisers.SelectMany(r => (string[])[Csv.Column(r, "to a"), Csv.Column(r, "to b")]),
                    "error",
                ])
            .Append('\n');
        foreach (MorphBatchRow row in rows)
        {
            IEnumerable<string> numbers = row.Recognisers is null
                ? Enumerable.Repeat("", 2 * recognisers.Count)
                : row.Recognisers.SelectMany(s => (double[])[s.ToA, s.ToB]).Select(v => v.ToString("R", CultureInfo.InvariantCulture));
            table
                .AppendJoin(
                    ',',
                    [
                        row.Line.ToString(CultureInfo.InvariantCulture),
                        Csv.Quoted(row.Name),
                        Verdict(row, row.Accepted),
                        Number(row.Loss),
                        Verdict(row, row.BlendAccepted),
                        Number(row.BlendLoss),
                        .. numbers,
                        Csv.Quoted(row.Error ?? ""),
                    ])
                .Append('\n');
        }

        return table.ToString();
    }

    private static string Verdict(MorphBatchRow row, bool accepted) => row.Error is not null ? "" : accepted ? "yes" : "no";

    private static string Number(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "";
}
