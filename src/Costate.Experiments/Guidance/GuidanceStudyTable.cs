using Costate.Faces.Guidance;
using Costate.Faces.Reports;

namespace Costate.Experiments.Guidance;

/// <summary>An evaluation of guidance in tables: a task each, at the largest number of evaluations that was allowed.</summary>
internal static class GuidanceStudyTable
{
    /// <summary>What the numbers are.</summary>
    internal const string Legend =
        "Means ± half of their 95 % intervals. Identity: cosine similarity under the recogniser of the loss; "
            + "judges: under recognisers that no loss has seen.";

    private static readonly string[] Columns =
    [
        "method",
        "evaluations",
        "VJPs",
        "s a face",
        "loss",
        "PSNR, dB",
        "SSIM",
        "identity",
        "judges",
        "diverged",
    ];

    /// <summary>A table for each task; a method is a row.</summary>
    internal static IEnumerable<ResultTable> Of(IReadOnlyList<GuidanceStudySummary> summaries)
    {
        foreach (IGrouping<string, GuidanceStudySummary> task in summaries.GroupBy(s => s.Task))
        {
            GuidanceStudySummary[] rows = [.. task.Where(s => s.Budget == task.Max(t => t.Budget))];
            string label = GuideTask.Parse("task", task.Key, GuideTask.All).Label;
            var table = new ResultTable(Columns)
            {
                Title = $"{label}, at most {rows[0].Budget} network evaluations, {rows.Max(r => r.Faces)} faces",
            };
            foreach (GuidanceStudySummary row in rows)
            {
                table.Add(Cells(row));
            }

            yield return table;
        }
    }

    private static string[] Cells(GuidanceStudySummary s) =>
    [
        s.Label,
        $"{s.NetworkEvaluations:0}",
        $"{s.VectorJacobianProducts:0}",
        $"{s.Seconds:0.0}",
        Text(s.Loss, "0.0e+0"),
        Text(s.Psnr, "0.0"),
        Text(s.Ssim, "0.000"),
        $"{s.Similarity?.Mean:0.000}",
        $"{s.JudgedSimilarity?.Mean:0.000}",
        s.Diverged == 0 ? "" : $"{s.Diverged}",
    ];

    private static string Text(MeanInterval? value, string format) => value is null ? ""
        : $"{value.Mean.ToString(format)} ±{(value.High - value.Mean).ToString(format)}";
}
