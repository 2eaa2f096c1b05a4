namespace Costate.Networks;

/// <summary>CogVideoXDPMScheduler: SDE-DPM-Solver++ of order 2 on training steps, its last step of order 1.</summary>
internal sealed class CogVideoXDpmScheduler : Scheduler
{
    private readonly TrainingNoise noise;
    private readonly string spacing;
    private readonly int offset;
    private readonly double end;

    internal CogVideoXDpmScheduler(SchedulerOptions options)
        : base(options)
    {
        noise = ReadNoise(options);
        Prediction = ReadPrediction(options, "epsilon", "sample", "v_prediction");
        spacing = options.Choice("timestep_spacing", "leading", "trailing", "linspace");
        offset = options.Integer("steps_offset", 0, 0, noise.Count - 1);
        end = options.Flag("set_alpha_to_one", true) ? 0 : noise.TimeOf(0);
        options.RefuseClipping("clip_sample", true);
        options.Without("clip_sample_range", "sample_max_value");
    }

    internal override NoiseSchedule Schedule => noise.Schedule;

    internal override Prediction Prediction { get; }

    internal override int? TrainingTimesteps => noise.Count;

    /// <summary>The training schedule of CogVideoX's schedulers.</summary>
    internal static TrainingNoise ReadNoise(SchedulerOptions options) => TrainingNoise.Read(
        options,
        0.00085,
        0.012,
        rescales: true,
        finite: false,
        [BetaSchedules.ScaledLinear, BetaSchedules.Linear, BetaSchedules.Cosine],
        shiftsSnr: true);

    internal override ScheduledSampling ForSteps(int steps, double? mu)
    {
        double[] timesteps = TrainingSteps.Spaced(Options, spacing, noise.Count, steps, offset);

        // Each step goes down by a whole stride, wherever the next timestep is.
        int stride = noise.Count / steps;
        double[] times = [.. timesteps.Select(noise.TimeOf), end];
        double[] targets = [.. timesteps.Select(t => t >= stride ? noise.TimeOf(t - stride) : end)];
        var solver = new ExponentialMultistep("SDE-DPM-Solver++2M", Prediction.Data, 2)
        {
            Type = SolverType.Midpoint,
            Stochastic = true,
            FinalSteps = FinalSteps.EulerLast,
            Targets = targets.AsSpan().SequenceEqual(times.AsSpan(1)) ? null : targets,
        };
        return new ScheduledSampling(Schedule, solver, Grid(steps, times, times));
    }
}
