namespace Costate.Experiments.Reversibility;

/// <summary>All that the study of reversibility measured.</summary>
/// <param name="Problems">What was inverted.</param>
/// <param name="Steps">Numbers of steps of the inversions.</param>
/// <param name="Inversions">How exactly.</param>
/// <param name="Gradients">Errors of gradients.</param>
/// <param name="Orders">Errors of samples.</param>
internal sealed record ReversibilityResults(
    IReadOnlyList<InversionProblem> Problems,
    IReadOnlyList<int> Steps,
    IReadOnlyList<InversionMeasurement> Inversions,
    IReadOnlyList<AccuracyPoint> Gradients,
    IReadOnlyList<AccuracyPoint> Orders)
{
    /// <summary>Runs everything.</summary>
    /// <param name="problems">What to invert.</param>
    /// <param name="quick">Whether to leave out the long runs.</param>
    /// <param name="progress">Told the fraction done.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    internal static ReversibilityResults Measure(
        IReadOnlyList<InversionProblem> problems,
        bool quick,
        Action<double> progress,
        CancellationToken cancellationToken)
    {
        double total =
            problems.Sum(p => InversionStudy.Work(p, StepsOf(p))) + RexAccuracy.GradientsWork(quick) + RexAccuracy.OrdersWork(quick);
        double done = 0;
        return new ReversibilityResults(
            problems,
            quick ? InversionStudy.QuickSteps : InversionStudy.AllSteps,
            [.. problems.SelectMany(p => InversionStudy.Run(p, StepsOf(p), Worked, cancellationToken))],
            RexAccuracy.Gradients(quick, Worked, cancellationToken),
            RexAccuracy.Orders(quick, Worked, cancellationToken));

        IReadOnlyList<int> StepsOf(InversionProblem problem) => quick ? problem.QuickSteps : InversionStudy.AllSteps;
        void Worked(double work) => progress(Math.Min(1, (done += work) / total));
    }
}
