using System.Globalization;
using Costate.Faces.Reports;

namespace Costate.Experiments.Gradients;

/// <summary>The study as tables. Where there is little room they have fewer columns, never a broken line.</summary>
internal static class GradientStudyTables
{
    private const int LabelWidth = 36;
    private const int CellWidth = 10;

    internal static IEnumerable<ResultTable> Of(IReadOnlyList<GradientMeasurement> measurements, IReadOnlyList<int> steps, int width)
    {
        yield return Errors(
            "Relative error of dL/dx_T against the continuous gradient, by sampling steps",
            measurements,
            steps,
            width,
            m => m.StartNoiseError);
        yield return Errors(
            "Relative error of dL/dz against the continuous gradient, by sampling steps",
            measurements,
            steps,
            width,
            m => m.ConditionError);
        yield return Costs(measurements, steps[^1]);
    }

    /// <summary>Relative error and cosine of lookaheads, by the time that they look from.</summary>
    internal static ResultTable Lookahead(IReadOnlyList<LookaheadPoint> points)
    {
        int[] steps = [.. points.Select(point => point.Lookahead).Distinct()];
        var table = new ResultTable(["t", .. steps.Select(n => n.ToString(CultureInfo.InvariantCulture))])
        {
            Title = "Gradient of a lookahead of n steps beside that of the sample: relative error, cosine",
            Caption = "with respect to the state at time t; one step is greedy guidance",
            IsRuled = true,
        };
        foreach (IGrouping<double, LookaheadPoint> time in points.GroupBy(point => point.Time))
        {
            table.Add([
                time.Key.ToString(CultureInfo.InvariantCulture),
                .. time.Select(point => FormattableString.Invariant($"{Short(point.Error)}, {point.Cosine:0.00}")),
            ]);
        }

        return table;
    }

    private static ResultTable Errors(
        string title,
        IReadOnlyList<GradientMeasurement> measurements,
        IReadOnlyList<int> steps,
        int width,
        Func<GradientMeasurement, double> error)
    {
        IReadOnlyList<int> shown = Fitting(steps, width);
        var table = new ResultTable(["method", .. shown.Select(n => n.ToString(CultureInfo.InvariantCulture)), "order"])
        {
            Title = title,
            Caption = "N sampling steps; M adjoint steps, N unless said; order between the last two columns",
            IsRuled = true,
        };
        foreach (IGrouping<GradientCurve, GradientMeasurement> curve in InOrder(measurements, table))
        {
            var bySteps = curve.ToDictionary(m => m.Steps, error);
            double order = Math.Log2(bySteps[steps[^2]] / bySteps[steps[^1]]) / Math.Log2((double)steps[^1] / steps[^2]);
            table.Add([Label(curve.Key), .. shown.Select(n => Short(bySteps[n])), order.ToString("0.0", CultureInfo.InvariantCulture)]);
        }

        return table;
    }

    private static ResultTable Costs(IReadOnlyList<GradientMeasurement> measurements, int steps)
    {
        var table = new ResultTable("method", "evaluations", "VJPs", "states kept", "bytes", "seconds")
        {
            Title = $"Cost of one gradient at {steps} steps",
            Caption = "besides: the activations of one network evaluation, for Unrolled of all at once",
            IsRuled = true,
        };
        foreach (IGrouping<GradientCurve, GradientMeasurement> curve in InOrder(measurements, table))
        {
            GradientMeasurement m = curve.Single(m => m.Steps == steps);
            table.Add(
                Label(curve.Key),
                $"{m.Cost.NetworkEvaluations}",
                $"{m.Cost.VectorJacobianProducts}",
                $"{m.Cost.PeakStoredStates}",
                $"{m.Cost.PeakStoredBytes}",
                m.Seconds.ToString("0.000", CultureInfo.InvariantCulture));
        }

        return table;
    }

    // Each comparison under a line that says what it compares.
    private static IEnumerable<IGrouping<GradientCurve, GradientMeasurement>> InOrder(
        IReadOnlyList<GradientMeasurement> measurements,
        ResultTable table)
    {
        Comparison? before = null;
        foreach (IGrouping<GradientCurve, GradientMeasurement> curve in measurements.GroupBy(m => m.Curve))
        {
            if (curve.Key.Comparison != before)
            {
                before = curve.Key.Comparison;
                table.Add(before == Comparison.Solvers ? "Discrete, by solver" : "by method, DPM-Solver++2M");
            }

            yield return curve;
        }
    }

    private static string Label(GradientCurve curve) => $"  {curve.Label}";

    /// <summary>Two significant digits.</summary>
    internal static string Short(double error) => error is >= 0.01 and < 100
        ? error.ToString(error < 0.1 ? "0.000" : error < 1 ? "0.00" : error < 10 ? "0.0" : "0", CultureInfo.InvariantCulture)
        : error.ToString("0.0e-0", CultureInfo.InvariantCulture);

    /// <summary>The largest number of columns that fits, spread evenly and always with the last.</summary>
    internal static IReadOnlyList<int> Fitting(IReadOnlyList<int> steps, int width)
    {
        int room = Math.Clamp((width - LabelWidth) / CellWidth - 1, 1, steps.Count);
        int stride = (steps.Count + room - 1) / room;
        return [.. steps.Reverse().Where((_, i) => i % stride == 0).Reverse()];
    }
}
