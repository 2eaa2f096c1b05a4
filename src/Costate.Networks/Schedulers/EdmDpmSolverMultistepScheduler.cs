namespace Costate.Networks;

/// <summary>EDMDPMSolverMultistepScheduler: DPM-Solver++ multistep, and its SDE form.</summary>
internal sealed class EdmDpmSolverMultistepScheduler : EdmScheduler
{
    private readonly DpmSolverMethod method;

    internal EdmDpmSolverMultistepScheduler(SchedulerOptions options)
        : base(options)
    {
        method = DpmSolverMethod.Read(options, EndsAtZero);
        options.RefuseClipping("thresholding", false);
        options.Without("dynamic_thresholding_ratio", "sample_max_value");
    }

    private protected override Solver CreateSolver(int steps, bool repeatsEnd) => method.ForSteps(steps, repeatsEnd);
}
