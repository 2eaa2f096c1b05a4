using ScottPlot;

namespace Costate.Cli.Study;

/// <summary>The study as two pictures.</summary>
internal static class StudyPlots
{
    internal const string ErrorFile = "gradient-error.png";
    internal const string BytesFile = "stored-bytes.png";

    /// <summary>Relative error of dL/dx_T against network evaluations: solvers on the left, gradient methods on the right.</summary>
    internal static byte[] GradientError(IReadOnlyList<GradientMeasurement> measurements)
    {
        const string Evaluations = "network evaluations, forward and backward";
        const string Error = "relative error of dL/dx_T";
        Plot left = PlotStyle.New("Discrete, by solver", Evaluations, Error);
        Plot right = PlotStyle.New("By method, DPM-Solver++2M forward", Evaluations, Error);
        AddCurves(left, measurements.Where(m => m.Curve.Comparison == Comparison.Solvers));
        AddCurves(right, measurements.Where(m => m.Curve.Comparison == Comparison.Methods));

        double[] ticks = Doublings(20, measurements.Max(m => m.Cost.NetworkEvaluations), 4);
        (double lowest, double highest) = (measurements.Min(m => m.StartNoiseError), measurements.Max(m => m.StartNoiseError));
        PlotStyle.Finish(left, ticks, lowest, highest);
        PlotStyle.Finish(right, ticks, lowest, highest);

        var both = new Multiplot();
        both.RemovePlot(both.GetPlot(0));
        both.AddPlot(left);
        both.AddPlot(right);
        both.Layout = new ScottPlot.MultiplotLayouts.Columns();
        return both.Render(2000, 1300).GetImageBytes(ImageFormat.Png);
    }

    /// <summary>Stored bytes against steps.</summary>
    internal static byte[] StoredBytes(IReadOnlyList<GradientMeasurement> measurements, IReadOnlyList<int> steps)
    {
        Plot plot = PlotStyle.New(
            "States kept for one gradient of the mixture problem (16 bytes a state)", "sampling steps", "stored states, bytes");
        GradientMeasurement[] shown = [.. measurements.Where(m => m.Curve.ShowsMemory)];
        int index = 0;
        foreach (IGrouping<GradientCurve, GradientMeasurement> curve in shown.GroupBy(m => m.Curve))
        {
            string label = curve.Key.Label == "Unrolled" ? "Unrolled (states only: the activations of all evaluations come on top)" : curve.Key.Label;
            PlotStyle.AddCurve(plot, index++, label, [.. curve.Select(m => (double)m.Steps)], [.. curve.Select(m => (double)m.Cost.PeakStoredBytes)]);
        }

        PlotStyle.Finish(plot, [.. steps.Select(n => (double)n)], shown.Min(m => m.Cost.PeakStoredBytes), shown.Max(m => m.Cost.PeakStoredBytes));
        return plot.GetImage(1400, 1100).GetImageBytes(ImageFormat.Png);
    }

    private static void AddCurves(Plot plot, IEnumerable<GradientMeasurement> measurements)
    {
        int index = 0;
        foreach (IGrouping<GradientCurve, GradientMeasurement> curve in measurements.GroupBy(m => m.Curve))
        {
            PlotStyle.AddCurve(plot, index++, curve.Key.Label, [.. curve.Select(m => (double)m.Cost.NetworkEvaluations)], [.. curve.Select(m => m.StartNoiseError)]);
        }
    }

    private static double[] Doublings(double first, double last, double factor)
    {
        var values = new List<double> { first };
        while (values[^1] < last)
        {
            values.Add(values[^1] * factor);
        }

        return [.. values];
    }
}
