namespace Costate.Networks;

/// <summary>DEISMultistepScheduler: DEIS with polynomials in log(sigma/alpha). It never steps to zero noise.</summary>
internal sealed class DeisMultistepScheduler : MultistepScheduler
{
    private readonly int order;
    private readonly bool lowerOrderFinal;

    internal DeisMultistepScheduler(SchedulerOptions options)
        : base(options, new MultistepFeatures { CanEndAtZero = false, RepeatsLevels = true })
    {
        // The names of other families stand for the usual ones, as in diffusers.
        options.Choice("algorithm_type", "deis", "dpmsolver", "dpmsolver++");
        options.Choice("solver_type", "logrho", "midpoint", "heun", "bh1", "bh2");
        order = options.Integer("solver_order", 2, 1, 3);
        lowerOrderFinal = options.Flag("lower_order_final", true);
    }

    private protected override Solver CreateSolver(int steps, bool repeatsEnd) =>
        new ExponentialMultistep($"DEIS-{order}", Prediction.Noise, order)
        {
            RepeatsEnd = repeatsEnd,
            FinalSteps = lowerOrderFinal && steps < DpmSolverMethod.FewSteps ? FinalSteps.LowerOrder : FinalSteps.FullOrder,
        };
}
