using System.Globalization;
using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;

namespace Costate.Experiments.Plots;

/// <summary>How the study's plots look: both axes logarithmic, a colour and a marker for each curve, the legend beside the data.</summary>
internal static class PlotStyle
{
    private const float TextSize = 22;
    private const float TitleSize = 26;
    private const float LegendSize = 460;

    // Paul Tol's "muted" and "bright" colours: apart for colour-blind readers too.
    private static readonly string[] Colours =
        ["#332288", "#CC6677", "#117733", "#AA4499", "#DDAA33", "#44AADD", "#882255", "#999933", "#226688", "#EE7733"];

    private static readonly MarkerShape[] Markers =
    [
        MarkerShape.FilledCircle, MarkerShape.OpenSquare, MarkerShape.FilledTriangleUp, MarkerShape.OpenCircle, MarkerShape.FilledDiamond,
        MarkerShape.OpenTriangleDown, MarkerShape.FilledSquare, MarkerShape.OpenDiamond, MarkerShape.Asterisk, MarkerShape.OpenTriangleUp,
    ];

    /// <summary>An empty plot with a title and axis labels.</summary>
    internal static Plot New(string title, string xLabel, string yLabel)
    {
        PlotFont.Register();
        var plot = new Plot();
        plot.Font.Set(PlotFont.Family);
        plot.Title(title, TitleSize);
        plot.XLabel(xLabel, TextSize);
        plot.YLabel(yLabel, TextSize);
        plot.Axes.Title.Label.Bold = false;
        plot.Axes.Bottom.Label.Bold = false;
        plot.Axes.Left.Label.Bold = false;
        plot.Axes.Bottom.TickLabelStyle.FontSize = TextSize;
        plot.Axes.Left.TickLabelStyle.FontSize = TextSize;
        plot.Axes.Bottom.MinimumSize = 80;
        plot.Axes.Left.MinimumSize = 125;

        // The label sits on the very edge of the picture otherwise.
        plot.Axes.Left.Label.OffsetX = 16;
        plot.Axes.Title.MinimumSize = 70;
        plot.Grid.MajorLineColor = Colors.Black.WithOpacity(0.15);
        plot.Grid.MinorLineColor = Colors.Black.WithOpacity(0.05);
        plot.Grid.MinorLineWidth = 1;
        return plot;
    }

    /// <summary>
    /// Adds a curve; a look is a colour and a marker. Open markers are larger and their lines broken, so that curves that coincide all
    /// show.
    /// </summary>
    internal static void AddCurve(Plot plot, int look, string label, double[] xs, double[] ys, bool isLinear = false) =>
        AddCurve(plot, look, look, label, xs, ys, isLinear);

    /// <summary>The same with a colour and a marker apart; <paramref name="isLinear"/> is for a vertical axis that is not
    /// logarithmic.</summary>
    internal static void AddCurve(Plot plot, int colour, int marker, string label, double[] xs, double[] ys, bool isLinear = false)
    {
        double[] heights = isLinear ? ys : [.. ys.Select(Math.Log10)];
        Scatter scatter = plot.Add.Scatter(xs.Select(Math.Log10).ToArray(), heights);
        scatter.Color = Color.FromHex(Colours[colour % Colours.Length]);
        scatter.LegendText = label;
        scatter.LineWidth = 2.5f;
        scatter.MarkerShape = Markers[marker % Markers.Length];
        bool open = scatter.MarkerShape.ToString().StartsWith("Open", StringComparison.Ordinal);
        scatter.MarkerSize = open ? 19 : 12;
        scatter.LinePattern = open ? LinePattern.Dashed : LinePattern.Solid;
        scatter.MarkerLineWidth = 2.5f;
    }

    /// <summary>Adds a line without markers; its vertical axis is linear.</summary>
    internal static void AddLine(Plot plot, int colour, string label, double[] xs, double[] ys)
    {
        Scatter scatter = plot.Add.ScatterLine(xs.Select(Math.Log10).ToArray(), ys);
        scatter.Color = Color.FromHex(Colours[colour % Colours.Length]);
        scatter.LegendText = label;
        scatter.LineWidth = 2.5f;
    }

    /// <summary>Marks a place on the horizontal axis.</summary>
    internal static void AddVertical(Plot plot, double x)
    {
        VerticalLine line = plot.Add.VerticalLine(Math.Log10(x));
        line.Color = Colors.Black.WithOpacity(0.35);
        line.LineWidth = 1.5f;
        line.LinePattern = LinePattern.Dotted;
    }

    /// <summary>Ticks from the first value, each twice the one before, to the first that is not below the last value.</summary>
    internal static double[] Doublings(double first, double last)
    {
        var values = new List<double> { first };
        while (values[^1] < last)
        {
            values.Add(2 * values[^1]);
        }

        return [.. values];
    }

    /// <summary>Fits the axes, vertically to whole powers of ten, and puts the legend on the right.</summary>
    internal static void Finish(Plot plot, IReadOnlyList<double> xTicks, double lowest, double highest)
    {
        plot.Axes.Bottom.TickGenerator = new NumericManual(
            [.. xTicks.Select(Math.Log10)],
            [.. xTicks.Select(x => x.ToString("0", CultureInfo.InvariantCulture))]);
        plot.Axes.Left.TickGenerator = PowersOfTen();
        plot.Axes.SetLimits(
            Math.Log10(xTicks[0]) - 0.08,
            Math.Log10(xTicks[^1]) + 0.08,
            Math.Floor(Math.Log10(lowest)),
            Math.Ceiling(Math.Log10(highest)));
        ShowLegend(plot);
    }

    /// <summary>The ticks of a logarithmic axis.</summary>
    internal static NumericAutomatic PowersOfTen() => new()
    {
        MinorTickGenerator = new LogMinorTickGenerator(),
        IntegerTicksOnly = true,
        LabelFormatter = Power,
    };

    /// <summary>The same of one between two logarithms; where fewer than two powers of ten are in sight, numbers between them.</summary>
    internal static ITickGenerator PowersOfTen(double low, double high)
    {
        if (Math.Floor(high) > Math.Ceiling(low))
        {
            return PowersOfTen();
        }

        int[] powers = [.. Enumerable.Range((int)Math.Floor(low), 2 + (int)(high - low))];
        double[] ticks =
        [
            .. powers
                .SelectMany(power => (double[])[1, 2, 3, 5, 7], (power, digit) => digit * Math.Pow(10, power))
                .Where(tick => Math.Log10(tick) >= low && Math.Log10(tick) <= high),
        ];
        return new NumericManual(
            [.. ticks.Select(Math.Log10)],
            [.. ticks.Select(tick => tick.ToString("0.#########", CultureInfo.InvariantCulture))]);
    }

    /// <summary>Puts the legend on the right.</summary>
    internal static void ShowLegend(Plot plot)
    {
        plot.Legend.FontSize = TextSize;
        plot.Legend.OutlineWidth = 0;
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.Legend.SymbolWidth = 40;
        plot.ShowLegend(Edge.Right).MinimumSize = LegendSize;
    }

    private static string Power(double exponent)
    {
        const string Digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
        string sign = exponent < 0 ? "⁻" : "";
        string digits = Math.Abs(Math.Round(exponent)).ToString("0", CultureInfo.InvariantCulture);
        return $"10{sign}{string.Concat(digits.Select(d => Digits[d - '0']))}";
    }
}
