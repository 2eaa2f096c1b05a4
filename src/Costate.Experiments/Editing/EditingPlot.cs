using ScottPlot;
using ScottPlot.Plottables;
using PlotStyle = Costate.Experiments.Plots.PlotStyle;

namespace Costate.Experiments.Editing;

/// <summary>How often what was asked for changed, against evaluations of the network: a curve of each method over its steps.</summary>
internal static class EditingPlot
{
    private const int Width = 1600;
    private const int Height = 900;

    internal static byte[] Png(IReadOnlyList<EditingSummary> summaries)
    {
        Plot plot = PlotStyle.New("Editing by prompt", "evaluations of the network, inversion and decoding", "attribute changed, %");
        string[] ids = [.. EditingMethod.All.Select(m => m.Id)];
        foreach (IGrouping<string, EditingSummary> method in summaries.GroupBy(s => s.Method))
        {
            EditingSummary[] points = [.. method.OrderBy(s => s.Steps)];
            PlotStyle.AddCurve(
                plot,
                Array.IndexOf(ids, method.Key),
                points[0].Label,
                [.. points.Select(s => s.NetworkEvaluations)],
                [.. points.Select(s => 100 * s.Changed.Rate)],
                isLinear: true);
            foreach (EditingSummary s in points)
            {
                double x = Math.Log10(s.NetworkEvaluations);
                LinePlot interval = plot.Add.Line(x, 100 * s.Changed.Low, x, 100 * s.Changed.High);
                interval.Color = Colors.Black.WithOpacity(0.4f);
                interval.LineWidth = 1.5f;
            }
        }

        plot.Axes.AutoScale();
        double[] ticks = PlotStyle.Doublings(
            summaries.Min(s => s.NetworkEvaluations), Math.Max(2, summaries.Max(s => s.NetworkEvaluations)));
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. ticks.Select(Math.Log10)], [.. ticks.Select(x => x.ToString("0", System.Globalization.CultureInfo.InvariantCulture))]);
        PlotStyle.ShowLegend(plot);
        return plot.GetImageBytes(Width, Height, ImageFormat.Png);
    }
}
