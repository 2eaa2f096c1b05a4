using System.Globalization;
using Costate.Experiments.Gradients;
using Spectre.Console;

namespace Costate.Cli.Commands.Study;

/// <summary>The study as tables for a terminal. A narrow one gets fewer columns, never a broken line.</summary>
internal static class GradientStudyTables
{
    private const int LabelWidth = 36;
    private const int CellWidth = 10;

    internal static IEnumerable<Table> Of(IReadOnlyList<GradientMeasurement> measurements, IReadOnlyList<int> steps, int width)
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

    private static Table Errors(
        string title,
        IReadOnlyList<GradientMeasurement> measurements,
        IReadOnlyList<int> steps,
        int width,
        Func<GradientMeasurement, double> error)
    {
        Table table = New(title);
        table.AddColumn(new TableColumn("method"));
        IReadOnlyList<int> shown = Fitting(steps, width);
        foreach (int n in shown)
        {
            table.AddColumn(Number(n.ToString(CultureInfo.InvariantCulture)));
        }

        table.AddColumn(Number("order"));
        foreach (IGrouping<GradientCurve, GradientMeasurement> curve in InOrder(measurements, table))
        {
            var bySteps = curve.ToDictionary(m => m.Steps, error);
            double order = Math.Log2(bySteps[steps[^2]] / bySteps[steps[^1]]) / Math.Log2((double)steps[^1] / steps[^2]);
            table.AddRow([Label(curve.Key), .. shown.Select(n => Short(bySteps[n])), order.ToString("0.0", CultureInfo.InvariantCulture)]);
        }

        table.Caption = new TableTitle("N sampling steps; M adjoint steps, N unless said; order between the last two columns");
        return table;
    }

    private static Table Costs(IReadOnlyList<GradientMeasurement> measurements, int steps)
    {
        Table table = New($"Cost of one gradient at {steps} steps");
        table.AddColumn(new TableColumn("method"));
        foreach (string name in (string[])["evaluations", "VJPs", "states kept", "bytes", "seconds"])
        {
            table.AddColumn(Number(name));
        }

        foreach (IGrouping<GradientCurve, GradientMeasurement> curve in InOrder(measurements, table))
        {
            GradientMeasurement m = curve.Single(m => m.Steps == steps);
            table.AddRow(
                Label(curve.Key),
                $"{m.Cost.NetworkEvaluations}",
                $"{m.Cost.VectorJacobianProducts}",
                $"{m.Cost.PeakStoredStates}",
                $"{m.Cost.PeakStoredBytes}",
                m.Seconds.ToString("0.000", CultureInfo.InvariantCulture));
        }

        table.Caption = new TableTitle("besides: the activations of one network evaluation, for Unrolled of all at once");
        return table;
    }

    // Each comparison under a line that says what it compares.
    private static IEnumerable<IGrouping<GradientCurve, GradientMeasurement>> InOrder(
        IReadOnlyList<GradientMeasurement> measurements,
        Table table)
    {
        Comparison? before = null;
        foreach (IGrouping<GradientCurve, GradientMeasurement> curve in measurements.GroupBy(m => m.Curve))
        {
            if (curve.Key.Comparison != before)
            {
                before = curve.Key.Comparison;
                string heading = before == Comparison.Solvers ? "Discrete, by solver" : "by method, DPM-Solver++2M";
                table.AddRow([$"[bold]{heading}[/]", .. Enumerable.Repeat("", table.Columns.Count - 1)]);
            }

            yield return curve;
        }
    }

    private static Table New(string title) =>
        new()
        {
            Title = new TableTitle(title),
            Border = TableBorder.Horizontal,
            ShowRowSeparators = false,
        };

    private static TableColumn Number(string header) => new(header) { Alignment = Justify.Right, NoWrap = true };

    private static string Label(GradientCurve curve) => $"  {Markup.Escape(curve.Label)}";

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
