namespace Costate.Networks;

/// <summary>DDIMScheduler and CogVideoXDDIMScheduler: DDIM on training steps, from noise to data.</summary>
internal sealed class DdimScheduler : Scheduler
{
    private readonly TrainingNoise noise;
    private readonly string spacing;
    private readonly int offset;
    private readonly double end;
    private readonly DataClipping? clipping;

    internal DdimScheduler(SchedulerOptions options)
        : this(options, TrainingNoise.Read(options, 0.0001, 0.02, rescales: true, finite: false))
    {
    }

    internal DdimScheduler(SchedulerOptions options, TrainingNoise trained)
        : base(options)
    {
        noise = trained;
        Prediction = ReadPrediction(options, "epsilon", "sample", "v_prediction");
        spacing = options.Choice("timestep_spacing", "leading", "trailing", "linspace");
        offset = options.Integer("steps_offset", 0, 0, noise.Count - 1);
        end = options.Flag("set_alpha_to_one", true) ? 0 : noise.TimeOf(0);
        clipping = DataClipping.Read(options, hasClip: true);
    }

    internal override NoiseSchedule Schedule => noise.Schedule;

    internal override Prediction Prediction { get; }

    internal override int? TrainingTimesteps => noise.Count;

    // CogVideoX's has no noise.
    internal override bool TakesEta => Options.ClassName == "DDIMScheduler";

    internal override ScheduledSampling ForSteps(int steps, double? mu) => ForSteps(steps, 0.0);

    internal override ScheduledSampling ForSteps(int steps, double eta)
    {
        double[] timesteps = TrainingSteps.Spaced(Options, spacing, noise.Count, steps, offset);

        // Each step goes down by a whole stride, wherever the next timestep is.
        int stride = noise.Count / steps;
        double[] times = [.. timesteps.Select(noise.TimeOf)];
        double[] targets = [.. timesteps.Select(t => t >= stride ? noise.TimeOf(t - stride) : end)];
        if (targets[^1] == times[^1])
        {
            // The last step ends where it begins.
            targets = targets[..^1];
        }
        else
        {
            times = [.. times, targets[^1]];
        }

        TimeGrid grid = Grid(steps, times, times);
        bool tied = targets.AsSpan().SequenceEqual(times.AsSpan(1));
        Solver solver = eta > 0 ? new PartlyStochasticDdim(eta) { Targets = tied ? null : targets } : tied ? Solver.Ddim()
            : new UntiedDdim(targets);
        return new ScheduledSampling(Schedule, solver, grid)
        {
            Clipping = clipping,
            ClippedWeights = clipping is null ? null
                : [.. grid.Times.Zip(targets).Select(step => ClippedWeights(step.First, step.Second, eta))],
        };
    }

    // The published step is alpha_t clip(x0) + K eps with the noise of the unclipped data: the data for which it is DDIM's own step
    // alpha_t x0 + K (x - alpha_s x0)/sigma_s.
    private (double Clipped, double Plain) ClippedWeights(double from, double to, double eta)
    {
        (SchedulePoint s, SchedulePoint t) = (SchedulePoint.At(Schedule, from), SchedulePoint.At(Schedule, to));
        double drawn = eta * new ExponentialStep(s, t, Prediction.Data, stochastic: true).Noise;
        double kept = s.Alpha * Math.Sqrt(Math.Max((t.Sigma - drawn) * (t.Sigma + drawn), 0)) / s.Sigma;
        return (t.Alpha / (t.Alpha - kept), -kept / (t.Alpha - kept));
    }
}
