using Costate.Faces.Guidance;

namespace Costate.Experiments.Guidance;

/// <summary>A table of an evaluation of guidance: one task, and the largest number of evaluations that was allowed.</summary>
/// <param name="Title">The task.</param>
/// <param name="Rows">A method each, as <see cref="Columns"/> have it.</param>
internal sealed record GuidanceStudyTable(string Title, IReadOnlyList<string[]> Rows)
{
    internal static readonly string[] Columns =
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

    /// <summary>A table for each task.</summary>
    internal static IEnumerable<GuidanceStudyTable> Of(IReadOnlyList<GuidanceStudySummary> summaries) =>
        from task in summaries.GroupBy(s => s.Task)
        let rows = task.Where(s => s.Budget == task.Max(t => t.Budget)).ToArray()
        let label = GuideTask.Parse("task", task.Key, GuideTask.All).Label
        select new GuidanceStudyTable(
            $"{label}, at most {rows[0].Budget} network evaluations, {rows.Max(r => r.Faces)} faces",
            [.. rows.Select(Cells)]);

    /// <summary>All of them for a page of the documentation.</summary>
    internal static IEnumerable<string> Markdown(IReadOnlyList<GuidanceStudySummary> summaries)
    {
        foreach (GuidanceStudyTable table in Of(summaries))
        {
            yield return $"### {table.Title}";
            yield return "";
            yield return $"| {string.Join(" | ", Columns)} |";
            yield return $"|{string.Concat(Enumerable.Repeat("---|", Columns.Length))}";
            foreach (string[] row in table.Rows)
            {
                yield return $"| {string.Join(" | ", row)} |";
            }

            yield return "";
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
