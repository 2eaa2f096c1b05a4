using ScottPlot;
using PlotStyle = Costate.Experiments.Plots.PlotStyle;

namespace Costate.Experiments.Posteriors;

/// <summary>The study of posteriors as a picture.</summary>
internal static class PosteriorPlots
{
    internal const string ParticlesFile = "particles.png";

    /// <summary>Distance over the floor against particles, a curve for each bed; ways without weights are at 1.</summary>
    internal static byte[] Particles(IReadOnlyList<PosteriorSummary> summaries)
    {
        Plot plot = PlotStyle.New(
            "From one guided sample (TMPD) to many particles (twisted, its covariance)", "particles", "sliced W2 over that of exact sets");
        PosteriorSummary[] shown = [.. summaries.Where(each => each.Method is "TMPD" or "TDS, covariance" && each.OverFloor is not null)];
        foreach ((int look, IGrouping<string, PosteriorSummary> bed) in shown.GroupBy(each => each.Bed).Index())
        {
            PlotStyle.AddCurve(
                plot, look, bed.Key, [.. bed.Select(each => (double)each.Particles)], [.. bed.Select(each => each.OverFloor!.Value)]);
        }

        double[] ticks = [.. shown.Select(each => (double)each.Particles).Distinct().Order()];
        PlotStyle.Finish(plot, ticks, shown.Min(each => each.OverFloor!.Value), shown.Max(each => each.OverFloor!.Value));
        return plot.GetImage(1600, 900).GetImageBytes(ImageFormat.Png);
    }
}
