namespace Costate.Networks;

/// <summary>DPMSolverSinglestepScheduler: singlestep DPM-Solver and DPM-Solver++ whose stages are the grid's own points.</summary>
internal sealed class DpmSolverSinglestepScheduler : MultistepScheduler
{
    private readonly DpmSolverKind kind;
    private readonly bool lowerOrderFinal;

    internal DpmSolverSinglestepScheduler(SchedulerOptions options)
        : base(options, new MultistepFeatures { HasSpacing = false, ClipsLambda = true })
    {
        kind = DpmSolverKind.Read(options, EndsAtZero);
        lowerOrderFinal = options.Flag("lower_order_final", false);
        if (kind.Stochastic)
        {
            throw options.Error(
                "algorithm_type is an SDE form, whose singlestep noise overlaps from step to step. Use DPMSolverMultistepScheduler, "
                    + "which has it without.");
        }
    }

    private protected override Solver CreateSolver(int steps, bool repeatsEnd)
    {
        if (repeatsEnd && kind.Order > 1)
        {
            throw Options.Error(
                "its noise levels end at that of the first training step, and final_sigmas_type \"sigma_min\" repeats it; "
                    + "a singlestep method cannot step between equal noise levels. Set final_sigmas_type to \"zero\".");
        }

        return new ExponentialSinglestep(kind.Name("S"), kind.Prediction, kind.Order)
        {
            Type = kind.Type,
            OnGrid = true,
            FinalSteps = lowerOrderFinal ? FinalSteps.LowerOrder : FinalSteps.FullOrder,
        };
    }
}
