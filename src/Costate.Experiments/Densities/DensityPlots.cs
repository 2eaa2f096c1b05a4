using ScottPlot;
using PlotStyle = Costate.Experiments.Plots.PlotStyle;

namespace Costate.Experiments.Densities;

/// <summary>The study of densities as pictures: a row for each dimension.</summary>
internal static class DensityPlots
{
    internal const string ErrorFile = "log-density-error.png";
    internal const string EffectiveFile = "effective-size.png";

    private const int Width = 1600;
    private const int Height = 800;

    // What is exact to rounding would take the whole axis.
    private const double Least = 1e-7;

    /// <summary>The error of log q against steps.</summary>
    internal static byte[] Error(IReadOnlyList<DensityPoint> points) =>
        Rows(points, "root mean square of log weights, nats", point => point.RmsLogWeight);

    /// <summary>What is lost of the effective size against steps.</summary>
    internal static byte[] Effective(IReadOnlyList<DensityPoint> points) =>
        Rows(points, "1 - effective fraction", point => 1 - point.EffectiveFraction);

    private static byte[] Rows(IReadOnlyList<DensityPoint> points, string what, Func<DensityPoint, double> value)
    {
        IGrouping<int, DensityPoint>[] dimensions = [.. points.GroupBy(point => point.Dimension)];
        var all = new Multiplot();
        all.RemovePlot(all.GetPlot(0));
        foreach (IGrouping<int, DensityPoint> dimension in dimensions)
        {
            Plot plot = PlotStyle.New($"{dimension.Key} dimensions", "sampling steps", what);
            double[] steps = [.. dimension.Select(point => (double)point.Steps).Distinct()];
            foreach ((int look, IGrouping<string, DensityPoint> solver) in dimension.GroupBy(point => point.Solver).Index())
            {
                PlotStyle.AddCurve(
                    plot,
                    look,
                    solver.Key,
                    [.. solver.Select(point => (double)point.Steps)],
                    [.. solver.Select(point => Math.Max(Least, value(point)))]);
            }

            PlotStyle.Finish(
                plot, steps, Math.Max(Least, dimension.Min(value)), Math.Max(Least, dimension.Max(value)));
            all.AddPlot(plot);
        }

        all.Layout = new ScottPlot.MultiplotLayouts.Rows();
        return all.Render(Width, Height * dimensions.Length).GetImageBytes(ImageFormat.Png);
    }
}
