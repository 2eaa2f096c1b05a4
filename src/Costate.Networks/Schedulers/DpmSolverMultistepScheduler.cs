namespace Costate.Networks;

/// <summary>DPMSolverMultistepScheduler: DPM-Solver and DPM-Solver++ multistep, and their SDE forms.</summary>
internal sealed class DpmSolverMultistepScheduler : MultistepScheduler
{
    private readonly DpmSolverMethod method;

    internal DpmSolverMultistepScheduler(SchedulerOptions options)
        : base(options, new MultistepFeatures { Rescales = true, ClipsLambda = true, HasLu = true, CosineTruncates = true }) =>
        method = DpmSolverMethod.Read(options, EndsAtZero);

    private protected override Solver CreateSolver(int steps, bool repeatsEnd) => method.ForSteps(steps, repeatsEnd);
}
