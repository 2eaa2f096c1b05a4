namespace Costate.Networks;

/// <summary>What a <see cref="SchedulerConfiguration"/> makes of a number of steps: the arguments of a <see cref="Sampler"/>.</summary>
public sealed class ScheduledSampling
{
    internal ScheduledSampling(NoiseSchedule schedule, Solver solver, TimeGrid grid, double startScale = 1) =>
        (Schedule, Solver, Grid, StartScale) = (schedule, solver, grid, startScale);

    /// <summary>The schedule; that of the configuration.</summary>
    public NoiseSchedule Schedule { get; }

    /// <summary>The method. It belongs to <see cref="Grid"/>; on another grid it may refuse to run.</summary>
    public Solver Solver { get; }

    /// <summary>
    /// Where it steps, with the times that the network is told. It has one step less than asked for where the scheduler repeats a
    /// noise level, at which a step moves nothing.
    /// </summary>
    public TimeGrid Grid { get; }

    /// <summary>
    /// The standard deviation of the noise that the scheduler starts from, on <see cref="Schedule"/>. It is 1 except for Euler and
    /// Heun with linspace and trailing spacing, which start with sigma at the grid's start, a little less.
    /// </summary>
    public double StartScale { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Solver}, {Grid}, on {Schedule}";
}
