using System.Globalization;
using Costate.Experiments.Gradients;
using Costate.Faces.Reports;

namespace Costate.Experiments.Reversibility;

/// <summary>The study of reversibility as tables.</summary>
internal static class ReversibilityTables
{
    internal static IEnumerable<ResultTable> Of(ReversibilityResults results, int width)
    {
        yield return Data(results);
        yield return Noise(results);
        yield return Accuracy(
            "Relative error of dL/dx_T on the mixture, by sampling steps",
            "a step of Rex takes 2 evaluations a stage, one of DPM-Solver++2M takes 1",
            results.Gradients,
            width);
        yield return Accuracy(
            "Relative error of the sample on the mixture, by sampling steps",
            "second order, then level, then first order past 1/(1 - coupling) steps",
            results.Orders,
            width);
    }

    private static ResultTable Data(ReversibilityResults results)
    {
        ResultTable table = New(
            "Mean squared error of x0 after inversion and decoding (x0 -> noise -> x0), by steps",
            "0: bit for bit; below about 1e-28 all that is left is rounding in 64 bits",
            results.Steps);
        foreach (InversionProblem problem in results.Problems)
        {
            AddRows(table, $"{problem.Label}, states in two words of 64 bits as this library carries them", results, problem, m => m.Data);
            AddRows(table, $"{problem.Label}, states in one word of 64 bits", results, problem, m => m.DataInDouble);
            AddRows(table, $"{problem.Label}, states in 32 bits", results, problem, m => m.DataInSingle);
        }

        table.Add("published: Stable Diffusion 1.5");
        foreach (PublishedInversion published in PublishedInversion.All)
        {
            table.Add([
                $"  {published.Label}",
                .. results.Steps.Select(n => Short(published.Errors[PublishedInversion.Steps.ToList().IndexOf(n)])),
            ]);
        }

        return table;
    }

    private static ResultTable Noise(ReversibilityResults results)
    {
        ResultTable table = New(
            "Mean squared error of the start noise recovered from the sample alone (noise -> x0 -> noise), by steps",
            "a sample is one of the two states of a reversible solver: the other is guessed, so this is the error of the scheme",
            results.Steps);
        foreach (InversionProblem problem in results.Problems)
        {
            AddRows(table, problem.Label, results, problem, m => m.Noise);
        }

        return table;
    }

    private static ResultTable Accuracy(string title, string caption, IReadOnlyList<AccuracyPoint> points, int width)
    {
        IReadOnlyList<int> steps = GradientStudyTables.Fitting([.. points.Select(p => p.Steps).Distinct()], width);
        ResultTable table = New(title, caption, steps);
        foreach (IGrouping<RexCurve, AccuracyPoint> curve in points.GroupBy(p => p.Curve))
        {
            table.Add([$"  {curve.Key.Label}", .. steps.Select(n => Short(curve.Single(p => p.Steps == n).Error))]);
        }

        return table;
    }

    private static void AddRows(
        ResultTable table,
        string heading,
        ReversibilityResults results,
        InversionProblem problem,
        Func<InversionMeasurement, double> error)
    {
        table.Add(heading);
        foreach (
            IGrouping<InversionMethod, InversionMeasurement> method in results
                .Inversions.Where(m => m.Problem == problem.Id)
                .GroupBy(m => m.Method))
        {
            table.Add([$"  {method.Key.Label}", .. method.Select(m => Short(error(m)))]);
        }
    }

    private static ResultTable New(string title, string caption, IReadOnlyList<int> steps) =>
        new(["method", .. steps.Select(n => n.ToString(CultureInfo.InvariantCulture))])
        {
            Title = title,
            Caption = caption,
            IsRuled = true,
        };

    private static string Short(double error) => error == 0 ? "0" : GradientStudyTables.Short(error);
}
