using System.Globalization;
using Costate.Experiments.Evaluation;
using ScottPlot;
using PlotStyle = Costate.Experiments.Plots.PlotStyle;

namespace Costate.Experiments.Generation;

/// <summary>How much of prompts is right, against the scale of guidance.</summary>
internal static class GenerationPlot
{
    private const int Width = 1400;
    private const int Height = 800;

    internal static byte[] Png(IReadOnlyList<GenerationResult> results)
    {
        Plot plot = PlotStyle.New("Prompt adherence", "guidance scale", "right, %");
        GenerationResult[] drawn = [.. results.Where(r => r.GuidanceScale is not null).OrderBy(r => r.GuidanceScale)];
        double[] scales = [.. drawn.Select(r => r.GuidanceScale!.Value)];
        Add(0, "attributes", r => r.AllAttributes);
        Add(1, "whole prompts", r => r.Prompts);
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. scales.Select(Math.Log10)], [.. scales.Select(s => s.ToString(CultureInfo.InvariantCulture))]);
        PlotStyle.ShowLegend(plot);
        return plot.GetImageBytes(Width, Height, ImageFormat.Png);

        void Add(int look, string label, Func<GenerationResult, MatchRate> rate)
        {
            PlotStyle.AddCurve(plot, look, label, scales, [.. drawn.Select(r => 100 * rate(r).Rate)], isLinear: true);
            if (results.FirstOrDefault(r => r.GuidanceScale is null) is { } real)
            {
                double percent = 100 * rate(real).Rate;
                PlotStyle.AddLine(plot, look, $"{label}, real drawings", [scales[0], scales[^1]], [percent, percent]);
            }
        }
    }
}
