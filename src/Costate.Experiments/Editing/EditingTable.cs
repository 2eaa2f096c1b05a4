using System.Globalization;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Guidance;
using Costate.Faces.Reports;

namespace Costate.Experiments.Editing;

/// <summary>An evaluation of editing in tables, one for each number of steps.</summary>
internal static class EditingTable
{
    /// <summary>What the numbers are.</summary>
    internal const string Legend = "Means ± half of their 95 % intervals; shares with their 95 % intervals.";

    private static readonly string[] Columns =
    [
        "method", "evaluations", "s a face", "latents, error", "to the bit", "changed, %", "others kept, %", "outside, RMS", "less DDIM",
        "identity", "CLIP", "published LPIPS, CLIP",
    ];

    internal static IEnumerable<ResultTable> Of(IReadOnlyList<EditingSummary> summaries)
    {
        foreach (IGrouping<int, EditingSummary> group in summaries.GroupBy(s => s.Steps))
        {
            EditingSummary first = group.First();
            var table = new ResultTable(Columns)
            {
                Title = $"{group.Key} steps, {group.Max(s => s.Faces)} faces",
                Caption = $"The codec's own distance outside is {Text(first.Codec, "0.000")}. Published: at 50 steps, on photographs.",
            };
            foreach (EditingSummary summary in group)
            {
                table.Add(Cells(summary, published: group.Key == 50));
            }

            yield return table;
        }
    }

    private static string[] Cells(EditingSummary s, bool published) =>
    [
        s.Label,
        $"{s.NetworkEvaluations:0}",
        $"{s.Seconds:0.00}",
        s.LatentError.Mean == 0 ? "0" : s.LatentError.Mean.ToString("0.0e+0", CultureInfo.InvariantCulture),
        $"{s.Exact.Matched} of {s.Exact.Total}",
        Text(s.Changed),
        Text(s.Kept),
        Text(s.Outside, "0.000"),
        s.OutsideToDdim is null ? "" : Text(s.OutsideToDdim, "+0.000;-0.000"),
        Text(s.Identity, "0.000"),
        Text(s.ClipScore, "0.000"),
        published && s.Published is (double lpips, double clip) ? FormattableString.Invariant($"{lpips:0.000}, {clip:0.000}") : "",
    ];

    private static string Text(MatchRate rate) =>
        FormattableString.Invariant($"{100 * rate.Rate:0.0} ({100 * rate.Low:0}-{100 * rate.High:0})");

    private static string Text(MeanInterval value, string format) =>
        value.Mean.ToString(format, CultureInfo.InvariantCulture)
            + $" ±{(value.High - value.Mean).ToString("0.000", CultureInfo.InvariantCulture)}";
}
