namespace Costate.Networks;

/// <summary>DDIMInverseScheduler: DDIM run from data to noise. The network is told the timestep that a step goes to.</summary>
internal sealed class DdimInverseScheduler : Scheduler
{
    private readonly TrainingNoise noise;
    private readonly string spacing;
    private readonly int offset;
    private readonly double start;

    internal DdimInverseScheduler(SchedulerOptions options)
        : base(options)
    {
        noise = TrainingNoise.Read(options, 0.0001, 0.02, rescales: true, finite: false);
        Prediction = ReadPrediction(options, "epsilon", "sample", "v_prediction");
        spacing = options.Choice("timestep_spacing", "leading", "trailing");
        offset = options.Integer("steps_offset", 0, 0, noise.Count - 1);
        bool one = options.Flag("set_alpha_to_one", true);

        // The older name, which wins where it is given.
        start = options.Flag("set_alpha_to_zero", one) ? 0 : noise.TimeOf(0);
        options.RefuseClipping("clip_sample", true);
        options.Without("clip_sample_range");
    }

    internal override NoiseSchedule Schedule => noise.Schedule;

    internal override Prediction Prediction { get; }

    internal override int? TrainingTimesteps => noise.Count;

    internal override ScheduledSampling ForSteps(int steps, double? mu)
    {
        double[] timesteps = [.. TrainingSteps.Spaced(Options, spacing, noise.Count, steps, offset).Reverse()];
        int stride = noise.Count / steps;
        double[] targets = [.. timesteps.Select(noise.TimeOf)];
        double[] times = [.. timesteps.Select(t => t >= stride ? noise.TimeOf(t - stride) : start), targets[^1]];
        if (times[0] == targets[0])
        {
            // The first step ends where it begins.
            (times, targets) = (times[1..], targets[1..]);
        }

        double[] told = [.. targets, times[^1]];
        TimeGrid grid = Grid(steps, times.Reverse(), told.Reverse()).Reversed();
        bool tied = targets.AsSpan().SequenceEqual(times.AsSpan(1));
        return new ScheduledSampling(Schedule, tied ? Solver.Ddim() : new UntiedDdim(targets), grid);
    }
}
