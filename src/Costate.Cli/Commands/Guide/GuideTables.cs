using Costate.Faces.Guidance;
using Spectre.Console;

namespace Costate.Cli.Commands.Guide;

/// <summary>Guided samples in a few lines.</summary>
internal static class GuideTables
{
    internal static Table Of(GuideReport report)
    {
        Table table = new Table().Border(TableBorder.Simple);
        table.AddColumn("sample");
        foreach (string name in (string[])["loss", "PSNR, dB", "SSIM", "identity"])
        {
            table.AddColumn(new TableColumn(name).RightAligned());
        }

        foreach ((int i, GuideItem item) in report.Samples.Index())
        {
            Add(table, $"{report.Method}{(report.Samples.Count > 1 ? $" {i}" : "")}", item);
        }

        foreach ((int i, GuideItem item) in report.Unguided.Index())
        {
            Add(table, $"unguided{(report.Samples.Count > 1 ? $" {i}" : "")}", item);
        }

        return table;
    }

    private static void Add(Table table, string name, GuideItem item) => table.AddRow(
        Markup.Escape(name),
        item.Diverged is string where ? Markup.Escape($"diverged at {where}") : $"{item.Loss:0.00000}",
        $"{item.Psnr:0.00}",
        $"{item.Ssim:0.000}",
        $"{item.IdentitySimilarity:0.000}");
}
