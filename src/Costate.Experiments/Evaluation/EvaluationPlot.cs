using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;
using PlotStyle = Costate.Experiments.Plots.PlotStyle;

namespace Costate.Experiments.Evaluation;

/// <summary>MMPMR of every method under every judge, with its interval.</summary>
internal static class EvaluationPlot
{
    private const double Width = 0.26;

    private static readonly string[] Colours = ["#332288", "#CC6677", "#117733", "#DDAA33", "#44AADD"];

    internal static byte[] Rates(IReadOnlyList<MethodSummary> methods)
    {
        Plot plot = PlotStyle.New("Morphs that a recogniser takes for both people, at a false match rate of 0.1 %", "", "MMPMR, %");
        JudgeSummary[][] judges = [.. methods.Select(m => m.Judges.ToArray())];
        for (int k = 0; k < judges[0].Length; k++)
        {
            double offset = (k - ((judges[0].Length - 1) / 2.0)) * Width;
            double[] xs = [.. methods.Select((_, i) => i + offset)];
            BarPlot bars = plot.Add.Bars(xs, judges.Select(j => 100 * j[k].Others.Rate).ToArray());
            bars.LegendText = judges[0][k].Recogniser;
            foreach (Bar bar in bars.Bars)
            {
                bar.Size = 0.92 * Width;
                bar.FillColor = Color.FromHex(Colours[k % Colours.Length]);
                bar.LineWidth = 0;
            }

            foreach ((int i, double x) in xs.Index())
            {
                LinePlot interval = plot.Add.Line(x, 100 * judges[i][k].Others.Low, x, 100 * judges[i][k].Others.High);
                interval.Color = Colors.Black;
                interval.LineWidth = 2;
            }
        }

        plot.Axes.Bottom.TickGenerator = new NumericManual([.. methods.Select((_, i) => (double)i)], [.. methods.Select(m => m.Label)]);
        plot.Axes.Bottom.TickLabelStyle.Rotation = -30;
        plot.Axes.Bottom.TickLabelStyle.Alignment = Alignment.MiddleRight;
        plot.Axes.Bottom.TickLabelStyle.OffsetY = 12;
        plot.Axes.Bottom.MinimumSize = 210;
        plot.Axes.SetLimits(-0.6, methods.Count - 0.4, 0, 105);
        plot.Legend.FontSize = 22;
        plot.ShowLegend(Edge.Right);
        return plot.GetImage(1700, 900).GetImageBytes(ImageFormat.Png);
    }
}
