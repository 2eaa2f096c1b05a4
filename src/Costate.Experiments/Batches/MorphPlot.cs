using ScottPlot;
using ScottPlot.Plottables;
using PlotStyle = Costate.Experiments.Plots.PlotStyle;

namespace Costate.Experiments.Batches;

/// <summary>The loss of a morph as a picture.</summary>
internal static class MorphPlot
{
    internal static byte[] Loss(IReadOnlyList<double> losses, int best)
    {
        Plot plot = PlotStyle.New("How far the morph is from both faces", "iteration", "loss");
        Scatter curve = plot.Add.Scatter(losses.Select((_, i) => (double)i).ToArray(), losses.ToArray());
        curve.Color = Color.FromHex("#332288");
        curve.LineWidth = 3;
        curve.MarkerSize = losses.Count > 60 ? 0 : 9;
        curve.LegendText = "loss";
        Marker lowest = plot.Add.Marker(best, losses[best], MarkerShape.OpenCircle, 24, Color.FromHex("#CC6677"));
        lowest.MarkerLineWidth = 4;
        lowest.LegendText = "lowest";
        plot.Axes.SetLimits(-0.02 * losses.Count, Math.Max(1, 1.02 * (losses.Count - 1)), 0, 1.1 * Math.Max(losses.Max(), 1e-6));
        plot.Legend.FontSize = 22;
        plot.ShowLegend(Alignment.UpperRight);
        return plot.GetImage(1200, 700).GetImageBytes(ImageFormat.Png);
    }
}
