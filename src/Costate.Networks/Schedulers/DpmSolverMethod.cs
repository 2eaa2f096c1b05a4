namespace Costate.Networks;

/// <summary>DPM-Solver multistep with the options of its schedulers.</summary>
internal sealed class DpmSolverMethod
{
    // Below this number of steps lower_order_final applies, as published.
    internal const int FewSteps = 15;

    private readonly DpmSolverKind kind;
    private readonly bool lowerOrderFinal;
    private readonly bool eulerAtFinal;

    private DpmSolverMethod(DpmSolverKind kind, bool lowerOrderFinal, bool eulerAtFinal) =>
        (this.kind, this.lowerOrderFinal, this.eulerAtFinal) = (kind, lowerOrderFinal, eulerAtFinal);

    internal static DpmSolverMethod Read(SchedulerOptions options, bool endsAtZero) => new(
        DpmSolverKind.Read(options, endsAtZero), options.Flag("lower_order_final", true), options.Flag("euler_at_final", false));

    /// <summary>The method for a number of steps; see <see cref="ExponentialMultistep.RepeatsEnd"/>.</summary>
    internal Solver ForSteps(int steps, bool repeatsEnd) =>
        new ExponentialMultistep(kind.Name("M"), kind.Prediction, kind.Order)
        {
            Type = kind.Type,
            Stochastic = kind.Stochastic,
            HalvesSecondDerivative = true,
            RepeatsEnd = repeatsEnd,
            FinalSteps = lowerOrderFinal && steps < FewSteps ? FinalSteps.LowerOrder
            : eulerAtFinal ? FinalSteps.EulerLast
            : FinalSteps.FullOrder,
        };
}
