namespace Costate.Networks;

/// <summary>What the schedulers share that step in sigma/alpha: noise levels that need not lie on training steps.</summary>
internal abstract class NoiseLevelScheduler : Scheduler
{
    private readonly TrainingNoise noise;
    private readonly string spacing;
    private readonly int offset;
    private readonly SigmaLadder ladder;
    private readonly SigmaEnds ends;

    private protected NoiseLevelScheduler(SchedulerOptions options, TrainingNoise noise, bool hasLadder = true)
        : base(options)
    {
        spacing = options.Choice("timestep_spacing", "linspace", "leading", "trailing");
        offset = options.Integer("steps_offset", 0, 0, noise.Count - 1);
        ladder = hasLadder ? SigmaLadders.Read(options, hasLu: false) : SigmaLadder.None;
        ends = hasLadder ? SigmaEnds.Read(options) : default;
        this.noise = ladder == SigmaLadder.None ? noise : noise.ReachingTo(ends.Max ?? 0);
    }

    internal override NoiseSchedule Schedule => noise.Schedule;

    internal override int? TrainingTimesteps => noise.Count;

    /// <summary>Whether the sample's noise level is 0, or that of the first training step.</summary>
    private protected virtual bool EndsAtZero => true;

    /// <summary>Whether noise levels without a ladder are equally spaced in their logarithm.</summary>
    private protected virtual bool LogLinear => false;

    /// <summary>Whether the network is told log(sigma)/4 rather than a timestep.</summary>
    private protected virtual bool TellsLogarithm => false;

    private protected abstract Solver Solver { get; }

    internal override ScheduledSampling ForSteps(int steps, double? mu)
    {
        double[] timesteps = Timesteps(steps);
        double[] levels = [.. timesteps.Select(noise.NoiseLevelAt)];
        double last = EndsAtZero ? 0 : noise.NoiseLevels[0];
        if (ladder != SigmaLadder.None)
        {
            levels = ends.Levels(
                ladder,
                LogLinear ? noise.NoiseLevels[^1] : levels[0],
                LogLinear ? noise.NoiseLevels[0] : levels[^1],
                steps);
            timesteps = [.. levels.Select(noise.TimestepAt)];
        }
        else if (LogLinear)
        {
            // One level more than steps: the last is the sample's, whatever final_sigmas_type says.
            double[] all = SigmaLadder.Exponential.Levels(noise.NoiseLevels[^1], noise.NoiseLevels[0], steps + 1);
            (levels, last) = (all[..^1], all[^1]);
        }

        IEnumerable<double> told = TellsLogarithm ? levels.Select(level => 0.25 * Math.Log(level)) : timesteps;
        TimeGrid grid = Grid(steps, noise, levels, told, last);
        return new ScheduledSampling(Schedule, Solver, grid, spacing == "leading" ? 1 : Schedule.Sigma(grid.Start));
    }

    private double[] Timesteps(int steps) => spacing switch
    {
        "linspace" => [.. Ramp.Linear(0, noise.Count - 1, steps).Reverse()],
        "leading" => Ramp.Leading(noise.Count / steps, steps, 0, offset),
        _ => Ramp.Trailing(noise.Count, (double)noise.Count / steps, steps),
    };
}
