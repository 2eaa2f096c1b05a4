using ScottPlot;
using PlotStyle = Costate.Experiments.Plots.PlotStyle;

namespace Costate.Experiments.Gradients;

/// <summary>The study as two pictures.</summary>
internal static class GradientStudyPlots
{
    internal const string ErrorFile = "gradient-error.png";
    internal const string BytesFile = "stored-bytes.png";
    internal const string LookaheadFile = "lookahead-error.png";

    /// <summary>Relative error of dL/dx_T against network evaluations: solvers above, gradient methods below.</summary>
    internal static byte[] GradientError(IReadOnlyList<GradientMeasurement> measurements)
    {
        var both = new Multiplot();
        both.RemovePlot(both.GetPlot(0));
        both.AddPlot(ErrorPlot("Exact discrete adjoint of each solver", measurements, Comparison.Solvers));
        both.AddPlot(ErrorPlot("Each gradient method, for N steps of DPM-Solver++2M", measurements, Comparison.Methods));
        both.Layout = new ScottPlot.MultiplotLayouts.Rows();
        return both.Render(1600, 1800).GetImageBytes(ImageFormat.Png);
    }

    /// <summary>Stored bytes against steps.</summary>
    internal static byte[] StoredBytes(IReadOnlyList<GradientMeasurement> measurements, IReadOnlyList<int> steps)
    {
        Plot plot = PlotStyle.New("States kept for one gradient (16 bytes each here)", "sampling steps N", "stored states, bytes");
        GradientMeasurement[] shown = [.. measurements.Where(m => m.Curve.ShowsMemory)];
        foreach (IGrouping<GradientCurve, GradientMeasurement> curve in shown.GroupBy(m => m.Curve))
        {
            string label = curve.Key.Label == "Unrolled" ? "Unrolled, without its graph" : curve.Key.Label;
            PlotStyle.AddCurve(
                plot,
                curve.Key.Look,
                label,
                [.. curve.Select(m => (double)m.Steps)],
                [.. curve.Select(m => (double)m.Cost.PeakStoredBytes)]);
        }

        PlotStyle.Finish(
            plot,
            [.. steps.Select(n => (double)n)],
            shown.Min(m => m.Cost.PeakStoredBytes),
            shown.Max(m => m.Cost.PeakStoredBytes));
        return plot.GetImage(1600, 900).GetImageBytes(ImageFormat.Png);
    }

    /// <summary>Relative error of a lookahead's gradient against its steps, a curve for each time that it looks from.</summary>
    internal static byte[] Lookahead(IReadOnlyList<LookaheadPoint> points)
    {
        Plot plot = PlotStyle.New(
            "Gradient of a lookahead of n steps beside that of the sample", "steps of the lookahead", "relative error");
        foreach ((int look, IGrouping<double, LookaheadPoint> time) in points.GroupBy(point => point.Time).Index())
        {
            PlotStyle.AddCurve(
                plot,
                look,
                FormattableString.Invariant($"from t = {time.Key}: cosine {time.Min(point => point.Cosine):0.00} and more"),
                [.. time.Select(point => (double)point.Lookahead)],
                [.. time.Select(point => point.Error)]);
        }

        PlotStyle.Finish(
            plot,
            [.. points.Select(point => (double)point.Lookahead).Distinct()],
            points.Min(point => point.Error),
            points.Max(point => point.Error));
        return plot.GetImage(1600, 900).GetImageBytes(ImageFormat.Png);
    }

    private static Plot ErrorPlot(string title, IReadOnlyList<GradientMeasurement> measurements, Comparison comparison)
    {
        Plot plot = PlotStyle.New(title, "network evaluations, forward and backward", "relative error of dL/dx_T");
        GradientMeasurement[] shown = [.. measurements.Where(m => m.Curve.Comparison == comparison)];
        foreach (IGrouping<GradientCurve, GradientMeasurement> curve in shown.GroupBy(m => m.Curve))
        {
            PlotStyle.AddCurve(
                plot,
                curve.Key.Look,
                curve.Key.Label,
                [.. curve.Select(m => (double)m.Cost.NetworkEvaluations)],
                [.. curve.Select(m => m.StartNoiseError)]);
        }

        // The same horizontal range in both, so that a column can be read through them.
        PlotStyle.Finish(
            plot,
            PlotStyle.Doublings(10, measurements.Max(m => m.Cost.NetworkEvaluations)),
            shown.Min(m => m.StartNoiseError),
            shown.Max(m => m.StartNoiseError));
        return plot;
    }
}
