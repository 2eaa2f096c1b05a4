using System.Globalization;
using Costate.Experiments.Reversibility;
using Spectre.Console;

namespace Costate.Cli.Commands.Study;

/// <summary>The study of reversibility as tables for a terminal.</summary>
internal static class ReversibilityTables
{
    internal static IEnumerable<Table> Of(ReversibilityResults results, int width)
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

    private static Table Data(ReversibilityResults results)
    {
        Table table = New("Mean squared error of x0 after inversion and decoding (x0 -> noise -> x0), by steps", results.Steps);
        foreach (InversionProblem problem in results.Problems)
        {
            AddRows(table, $"{problem.Label}, states in two words of 64 bits as this library carries them", results, problem, m => m.Data);
            AddRows(table, $"{problem.Label}, states in one word of 64 bits", results, problem, m => m.DataInDouble);
            AddRows(table, $"{problem.Label}, states in 32 bits", results, problem, m => m.DataInSingle);
        }

        Heading(table, "published: Stable Diffusion 1.5");
        foreach (PublishedInversion published in PublishedInversion.All)
        {
            table.AddRow([
                $"  {published.Label}",
                .. results.Steps.Select(n => Short(published.Errors[PublishedInversion.Steps.ToList().IndexOf(n)])),
            ]);
        }

        table.Caption = new TableTitle("0: bit for bit; below about 1e-28 all that is left is rounding in 64 bits");
        return table;
    }

    private static Table Noise(ReversibilityResults results)
    {
        Table table = New(
            "Mean squared error of the start noise recovered from the sample alone (noise -> x0 -> noise), by steps",
            results.Steps);
        foreach (InversionProblem problem in results.Problems)
        {
            AddRows(table, problem.Label, results, problem, m => m.Noise);
        }

        table.Caption = new TableTitle(
            "a sample is one of the two states of a reversible solver: the other is guessed, so this is the error of the scheme");
        return table;
    }

    private static Table Accuracy(string title, string caption, IReadOnlyList<AccuracyPoint> points, int width)
    {
        IReadOnlyList<int> steps = GradientStudyTables.Fitting([.. points.Select(p => p.Steps).Distinct()], width);
        Table table = New(title, steps);
        foreach (IGrouping<RexCurve, AccuracyPoint> curve in points.GroupBy(p => p.Curve))
        {
            table.AddRow([$"  {curve.Key.Label}", .. steps.Select(n => Short(curve.Single(p => p.Steps == n).Error))]);
        }

        table.Caption = new TableTitle(caption);
        return table;
    }

    private static void AddRows(
        Table table,
        string heading,
        ReversibilityResults results,
        InversionProblem problem,
        Func<InversionMeasurement, double> error)
    {
        Heading(table, heading);
        foreach (
            IGrouping<InversionMethod, InversionMeasurement> method in results
                .Inversions.Where(m => m.Problem == problem.Id)
                .GroupBy(m => m.Method))
        {
            table.AddRow([$"  {method.Key.Label}", .. method.Select(m => Short(error(m)))]);
        }
    }

    private static void Heading(Table table, string text) =>
        table.AddRow([$"[bold]{Markup.Escape(text)}[/]", .. Enumerable.Repeat("", table.Columns.Count - 1)]);

    private static Table New(string title, IReadOnlyList<int> steps)
    {
        var table = new Table { Title = new TableTitle(title), Border = TableBorder.Horizontal, ShowRowSeparators = false };
        table.AddColumn(new TableColumn("method"));
        foreach (int n in steps)
        {
            table.AddColumn(new TableColumn(n.ToString(CultureInfo.InvariantCulture)) { Alignment = Justify.Right, NoWrap = true });
        }

        return table;
    }

    private static string Short(double error) => error == 0 ? "0" : GradientStudyTables.Short(error);
}
