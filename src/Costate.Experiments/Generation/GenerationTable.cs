using System.Globalization;
using Costate.Experiments.Evaluation;
using Costate.Faces.Captions;
using Costate.Faces.Reports;

namespace Costate.Experiments.Generation;

/// <summary>What a model draws of prompts, as a table: a row for each scale.</summary>
internal static class GenerationTable
{
    internal static ResultTable Of(IReadOnlyList<GenerationResult> results)
    {
        var table = new ResultTable(
            ["guidance", "attributes right, %", "prompts right, %", "Frechet", "kernel", .. FaceAttribute.All.Select(a => $"{a.Name}, %")])
        {
            Title = $"{results.Max(r => r.Prompts.Total)} prompts",
            Caption = "Of what prompts mention, with 95 % intervals; distances are to drawings of other people.",
            IsRuled = true,
        };
        foreach (GenerationResult result in results)
        {
            table.Add(
            [
                result.GuidanceScale?.ToString(CultureInfo.InvariantCulture) ?? "real drawings",
                Text(result.AllAttributes),
                Text(result.Prompts),
                result.Distances?.Frechet.ToString("0.000", CultureInfo.InvariantCulture) ?? "",
                result.Distances is { Kernel: var kernel }
                    ? string.Create(CultureInfo.InvariantCulture, $"{kernel.Mean:0.00000} ±{kernel.High - kernel.Mean:0.00000}")
                    : "",
                .. FaceAttribute.All.Select(a => (100 * result.Attributes[a.Name].Rate).ToString("0", CultureInfo.InvariantCulture)),
            ]);
        }

        return table;
    }

    private static string Text(MatchRate rate) =>
        string.Create(CultureInfo.InvariantCulture, $"{100 * rate.Rate:0.0} ({100 * rate.Low:0.0} to {100 * rate.High:0.0})");
}
