using Spectre.Console;

namespace Costate.Cli.Guidance;

/// <summary>An evaluation of guidance in tables, of the largest number of evaluations that was allowed.</summary>
internal static class StudyTables
{
    private static readonly string[] Columns = ["method", "evaluations", "VJPs", "s a face", "loss", "PSNR, dB", "SSIM", "identity", "judges", "diverged"];

    /// <summary>A table for each task.</summary>
    internal static IEnumerable<Table> Of(IReadOnlyList<StudySummary> summaries)
    {
        foreach ((string task, StudySummary[] rows) in Largest(summaries))
        {
            Table table = new Table().Border(TableBorder.Simple).Title(Markup.Escape($"{task}, at most {rows[0].Budget} network evaluations, {rows.Max(r => r.Faces)} faces"));
            table.AddColumn(new TableColumn(Columns[0]).NoWrap());
            foreach (string name in Columns.Skip(1))
            {
                table.AddColumn(new TableColumn(name).RightAligned().NoWrap());
            }

            foreach (StudySummary row in rows)
            {
                table.AddRow([.. Cells(row).Select(Markup.Escape)]);
            }

            yield return table;
        }
    }

    /// <summary>The same for a page of the documentation.</summary>
    internal static IEnumerable<string> Markdown(IReadOnlyList<StudySummary> summaries)
    {
        foreach ((string task, StudySummary[] rows) in Largest(summaries))
        {
            yield return $"### {task}, at most {rows[0].Budget} network evaluations, {rows.Max(r => r.Faces)} faces";
            yield return "";
            yield return $"| {string.Join(" | ", Columns)} |";
            yield return $"|{string.Concat(Enumerable.Repeat("---|", Columns.Length))}";
            foreach (StudySummary row in rows)
            {
                yield return $"| {string.Join(" | ", Cells(row))} |";
            }

            yield return "";
        }
    }

    private static IEnumerable<(string Task, StudySummary[] Rows)> Largest(IReadOnlyList<StudySummary> summaries) =>
        summaries.GroupBy(s => s.Task).Select(task => (GuideTask.Parse("task", task.Key, GuideTask.All).Label, task.Where(s => s.Budget == task.Max(t => t.Budget)).ToArray()));

    private static string[] Cells(StudySummary s) =>
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
