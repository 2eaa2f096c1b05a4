using System.Globalization;
using ScottPlot;
using PlotStyle = Costate.Experiments.Plots.PlotStyle;

namespace Costate.Experiments.Reversibility;

/// <summary>The study of reversibility as pictures.</summary>
internal static class ReversibilityPlots
{
    internal const string InversionFile = "inversion-error.png";
    internal const string GradientFile = "rex-gradient-error.png";
    internal const string OrderFile = "rex-order.png";

    // An error of nothing at all is drawn at the least that 64 bits can show.
    private const double Least = 1e-34;

    // Of data and noise whose variance is about 1: beyond, nothing has come back, and how far beyond would only flatten the rest of the
    // picture.
    private const double Lost = 1e6;

    // Between the outermost values and the edge.
    private const double Margin = 3;

    // A filled and an open marker of each colour.
    private const int Published = 1;

    internal static IReadOnlyList<string> Files { get; } = [InversionFile, GradientFile, OrderFile];

    /// <summary>
    /// Error of x0 above, with states in one word of 64 bits and the published values, and of the start noise below, on the first problem.
    /// With states in two words there would be nothing to see: the error is 0.
    /// </summary>
    internal static byte[] Inversion(ReversibilityResults results)
    {
        var both = new Multiplot();
        both.RemovePlot(both.GetPlot(0));
        both.AddPlot(
            Inversions(
                results,
                "x0 after inversion and decoding, states in one word of 64 bits; in two it is 0",
                m => m.DataInDouble,
                withPublished: true));
        both.AddPlot(Inversions(results, "Start noise recovered from the sample alone, on a U-Net", m => m.Noise, withPublished: false));
        both.Layout = new ScottPlot.MultiplotLayouts.Rows();
        return both.Render(1600, 1800).GetImageBytes(ImageFormat.Png);
    }

    /// <summary>Relative error of dL/dx_T against network evaluations.</summary>
    internal static byte[] Gradient(ReversibilityResults results) => Picture(
            Accuracy(
                "Gradient through Rex, in data and in noise prediction",
                "network evaluations, forward and backward",
                "relative error of dL/dx_T",
                results.Gradients,
                p => p.Evaluations));

    /// <summary>Relative error of the sample against steps, by coupling.</summary>
    internal static byte[] Order(ReversibilityResults results)
    {
        Plot plot = Accuracy(
            "Order of Rex(Euler) by coupling: second, level, then first past 1/(1 - coupling) steps",
            "sampling steps N",
            "relative error of the sample",
            results.Orders,
            p => p.Steps);
        double last = results.Orders.Max(p => p.Steps);
        foreach (double turn in new[] { 10.0, 100, 1000 }.Where(n => n < last))
        {
            PlotStyle.AddVertical(plot, turn);
        }

        return Picture(plot);
    }

    private static Plot Inversions(ReversibilityResults results, string title, Func<InversionMeasurement, double> error, bool withPublished)
    {
        Plot plot = PlotStyle.New(title, "steps", "mean squared error");
        InversionMeasurement[] shown = [.. results.Inversions.Where(m => m.Problem == results.Problems[0].Id)];
        double[] steps = [.. results.Steps.Select(n => (double)n)];
        foreach (IGrouping<InversionMethod, InversionMeasurement> method in shown.GroupBy(m => m.Method))
        {
            PlotStyle.AddCurve(
                plot,
                method.Key.Look,
                2 * method.Key.Look,
                Label(method.Key.Label, [.. method.Select(error)]),
                steps,
                [.. method.Select(m => Math.Max(error(m), Least))]);
        }

        foreach (PublishedInversion published in withPublished ? PublishedInversion.All : [])
        {
            int look = InversionMethod.All.Single(m => m.Id == published.Method).Look;
            PlotStyle.AddCurve(
                plot,
                look,
                (2 * look) + Published,
                $"{published.Label}, published",
                steps,
                [.. steps.Select((_, i) => published.Errors[i])]);
        }

        (double lowest, double highest) = Range([.. shown.Select(error)]);
        PlotStyle.Finish(plot, steps, lowest, highest);
        return plot;
    }

    /// <summary>What the vertical axis must hold: every error of what has not been lost, none on its edge.</summary>
    internal static (double Lowest, double Highest) Range(IReadOnlyList<double> errors) =>
        (Math.Max(Least, errors.Min()) / Margin, Margin * errors.Where(e => e <= Lost).Append(1).Max());

    /// <summary>A method's name in the legend, with the order of its errors where the axis leaves them out.</summary>
    internal static string Label(string method, IReadOnlyList<double> errors) =>
        errors.Min() <= Lost ? method : string.Create(CultureInfo.InvariantCulture, $"{method}: {errors.Min():0e0}");

    private static Plot Accuracy(
        string title,
        string xLabel,
        string yLabel,
        IReadOnlyList<AccuracyPoint> points,
        Func<AccuracyPoint, double> x)
    {
        Plot plot = PlotStyle.New(title, xLabel, yLabel);
        foreach (IGrouping<RexCurve, AccuracyPoint> curve in points.GroupBy(p => p.Curve))
        {
            PlotStyle.AddCurve(plot, curve.Key.Look, curve.Key.Label, [.. curve.Select(x)], [.. curve.Select(p => p.Error)]);
        }

        PlotStyle.Finish(plot, PlotStyle.Doublings(points.Min(x), points.Max(x)), points.Min(p => p.Error), points.Max(p => p.Error));
        return plot;
    }

    private static byte[] Picture(Plot plot) => plot.GetImage(1600, 900).GetImageBytes(ImageFormat.Png);
}
