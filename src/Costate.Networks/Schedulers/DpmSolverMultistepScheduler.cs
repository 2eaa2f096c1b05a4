namespace Costate.Networks;

/// <summary>DPMSolverMultistepScheduler: DPM-Solver and DPM-Solver++ multistep, and their SDE forms.</summary>
internal sealed class DpmSolverMultistepScheduler : MultistepScheduler
{
    // Below this number of steps lower_order_final applies, as published.
    internal const int FewSteps = 15;

    private readonly DpmSolverKind kind;
    private readonly bool lowerOrderFinal;
    private readonly bool eulerAtFinal;

    internal DpmSolverMultistepScheduler(SchedulerOptions options)
        : base(options, new MultistepFeatures { Rescales = true, ClipsLambda = true, HasLu = true, CosineTruncates = true })
    {
        kind = DpmSolverKind.Read(options, EndsAtZero);
        lowerOrderFinal = options.Flag("lower_order_final", true);
        eulerAtFinal = options.Flag("euler_at_final", false);
    }

    private protected override Solver CreateSolver(int steps, bool repeatsEnd) =>
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
