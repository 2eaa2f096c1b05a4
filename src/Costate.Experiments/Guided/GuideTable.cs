using Costate.Faces.Guidance;
using Costate.Faces.Reports;

namespace Costate.Experiments.Guided;

/// <summary>Guided samples in a few lines.</summary>
internal static class GuideTable
{
    internal static ResultTable Of(GuideReport report)
    {
        var table = new ResultTable("sample", "loss", "PSNR, dB", "SSIM", "identity");
        foreach ((string name, IReadOnlyList<GuideItem> items) in new[] { (report.Method, report.Samples), ("unguided", report.Unguided) })
        {
            foreach ((int i, GuideItem item) in items.Index())
            {
                table.Add(
                    $"{name}{(items.Count > 1 ? $" {i}" : "")}",
                    item.Diverged is string where ? $"diverged at {where}" : $"{item.Loss:0.00000}",
                    $"{item.Psnr:0.00}",
                    $"{item.Ssim:0.000}",
                    $"{item.IdentitySimilarity:0.000}");
            }
        }

        return table;
    }
}
