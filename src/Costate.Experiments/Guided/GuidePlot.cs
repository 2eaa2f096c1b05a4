using Costate.Faces.Guidance;
using ScottPlot;
using ScottPlot.Plottables;
using PlotStyle = Costate.Experiments.Plots.PlotStyle;

namespace Costate.Experiments.Guided;

/// <summary>The loss on the way as a picture.</summary>
internal static class GuidePlot
{
    /// <summary>A line for each sample.</summary>
    internal static byte[] Loss(GuideReport report)
    {
        bool iterates = GuideMethod.Parse("method", report.Method).Kind is GuideKind.EndToEnd or GuideKind.Control;
        Plot plot = PlotStyle.New("The loss that was descended", iterates ? "iteration" : "step", "loss");
        foreach ((int i, IReadOnlyList<double?> losses) in report.Losses.Index())
        {
            (double X, double Y)[] points =
            [
                .. losses.Select((loss, step) => (X: (double)step, Y: loss)).Where(p => p.Y is not null).Select(p => (p.X, p.Y!.Value)),
            ];
            if (points.Length == 0)
            {
                continue;
            }

            Scatter line = plot.Add.Scatter(points.Select(p => p.X).ToArray(), points.Select(p => p.Y).ToArray());
            line.Color = Color.FromHex("#332288").WithOpacity(i == report.Best ? 1 : 0.35);
            line.LineWidth = i == report.Best ? 3 : 1.5f;
            line.MarkerSize = points.Length > 60 ? 0 : 8;
        }

        plot.Axes.AutoScale();
        return plot.GetImage(1200, 700).GetImageBytes(ImageFormat.Png);
    }
}
