using ScottPlot;
using PlotStyle = Costate.Experiments.Plots.PlotStyle;

namespace Costate.Experiments.Boltzmann;

/// <summary>The study of physical systems as a picture.</summary>
internal static class BoltzmannPlots
{
    internal const string WeightsFile = "boltzmann.png";

    /// <summary>Effective fractions against network evaluations, a plot for each system.</summary>
    internal static byte[] Weights(IReadOnlyList<BoltzmannResult> results)
    {
        var all = new Multiplot();
        all.RemovePlot(all.GetPlot(0));
        foreach (BoltzmannResult result in results)
        {
            Plot plot = PlotStyle.New(
                $"{result.Label}: energies, floor {result.Chains.EnergyFloor:0.00}",
                "network evaluations of a sample",
                "W2 of energies, as weighted");
            foreach ((int look, IGrouping<string, BoltzmannPoint> solver) in result.Points.GroupBy(point => point.Solver).Index())
            {
                PlotStyle.AddCurve(
                    plot,
                    look,
                    FormattableString.Invariant($"{solver.Key}: effective {solver.Max(point => point.EffectiveFraction):0.00}"),
                    [.. solver.Select(point => (double)point.Evaluations)],
                    [.. solver.Select(point => point.WeightedEnergyDistance)]);
            }

            double[] heights = [.. result.Points.Select(point => point.WeightedEnergyDistance), result.Chains.EnergyFloor];
            double most = result.Points.Max(point => point.Evaluations);
            PlotStyle.Finish(plot, PlotStyle.Doublings(10, most), heights.Min(), heights.Max());
            all.AddPlot(plot);
        }

        all.Layout = new ScottPlot.MultiplotLayouts.Rows();
        return all.Render(1600, 800 * results.Count).GetImageBytes(ImageFormat.Png);
    }
}
