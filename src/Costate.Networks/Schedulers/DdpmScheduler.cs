namespace Costate.Networks;

/// <summary>DDPMScheduler: ancestral sampling on training steps.</summary>
internal sealed class DdpmScheduler : Scheduler
{
    private readonly TrainingNoise noise;
    private readonly string spacing;
    private readonly int offset;
    private readonly bool largeVariance;
    private readonly DataClipping? clipping;

    internal DdpmScheduler(SchedulerOptions options)
        : base(options)
    {
        noise = TrainingNoise.Read(options, 0.0001, 0.02, rescales: true, finite: false,
            [.. BetaSchedules.Usual, BetaSchedules.Laplace, BetaSchedules.Sigmoid]);
        Prediction = ReadPrediction(options, "epsilon", "sample", "v_prediction");
        spacing = options.Choice("timestep_spacing", "leading", "trailing", "linspace");
        offset = options.Integer("steps_offset", 0, 0, noise.Count - 1);
        largeVariance = ReadsLargeVariance(options);
        clipping = DataClipping.Read(options, hasClip: true);
    }

    internal override NoiseSchedule Schedule => noise.Schedule;

    internal override Prediction Prediction { get; }

    internal override int? TrainingTimesteps => noise.Count;

    internal override ScheduledSampling ForSteps(int steps, double? mu)
    {
        double[] timesteps = TrainingSteps.Spaced(Options, spacing, noise.Count, steps, offset);
        if (largeVariance && timesteps[^1] > 0)
        {
            throw Options.Error(
                $"with variance_type \"fixed_large\" and {steps} steps at {spacing} spacing the last step starts at timestep "
                    + $"{timesteps[^1]}, and the published sampler adds noise to the finished sample there. "
                    + "Use \"fixed_small\", or a spacing that ends at timestep 0.");
        }

        double[] times = [.. timesteps.Select(noise.TimeOf), 0];
        return new ScheduledSampling(Schedule, Solver.Ddpm(largeVariance), Grid(steps, times, times)) { Clipping = clipping };
    }

    private static bool ReadsLargeVariance(SchedulerOptions options)
    {
        string type = options.Choice(
            "variance_type",
            "fixed_small",
            "fixed_small_log",
            "fixed_large",
            "fixed_large_log",
            "learned",
            "learned_range");
        return type switch
        {
            "fixed_small" or "fixed_small_log" => false,
            "fixed_large" => true,
            "fixed_large_log" => throw options.Error(
                "variance_type is \"fixed_large_log\", of which the published sampler takes the square root of a negative number. "
                    + "Use \"fixed_large\"."),
            _ => throw options.Error(
                $"variance_type is \"{type}\": the network's own variance makes the noise depend on the state, "
                    + "which no table of coefficients can do. Slice the variance off the network's output and set variance_type to "
                    + "\"fixed_small\"."),
        };
    }
}
