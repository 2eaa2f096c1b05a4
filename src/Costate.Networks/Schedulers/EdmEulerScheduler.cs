namespace Costate.Networks;

/// <summary>EDMEulerScheduler: Euler's method in the noise level.</summary>
internal sealed class EdmEulerScheduler(SchedulerOptions options) : EdmScheduler(options)
{
    private protected override Solver CreateSolver(int steps, bool repeatsEnd) => Solver.Euler();
}
