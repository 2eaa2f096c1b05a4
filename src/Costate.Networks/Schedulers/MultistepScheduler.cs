namespace Costate.Networks;

/// <summary>
/// What the schedulers of the DPM-Solver family share: a grid on training steps, on a <see cref="SigmaLadder"/> or of a flow, and
/// whole timesteps for the network.
/// </summary>
internal abstract class MultistepScheduler : Scheduler
{
    private readonly TrainingNoise noise;
    private readonly string spacing;
    private readonly int offset;
    private readonly int steadySteps;
    private readonly SigmaLadder ladder;
    private readonly SigmaEnds ends;
    private readonly FlowShift? shift;
    private readonly DataClipping? clipping;

    private protected MultistepScheduler(SchedulerOptions options, MultistepFeatures features)
        : base(options)
    {
        Features = features;
        TrainingNoise trained = TrainingNoise.Read(options, 0.0001, 0.02, features.Rescales, finite: true);
        spacing = features.HasSpacing ? options.Choice("timestep_spacing", "linspace", "leading", "trailing") : "linspace";
        offset = features.HasSpacing ? options.Integer("steps_offset", 0, 0, trained.Count - 1) : 0;
        double lowest = features.ClipsLambda ? options.NumberOrMinusInfinity("lambda_min_clipped") : double.NegativeInfinity;
        steadySteps = trained.NoiseLevels.Count(level => -Math.Log(level) >= lowest);
        if (steadySteps == 0)
        {
            throw options.Error(
                $"lambda_min_clipped is {lowest}, above the log-SNR of every training step; it must lie below "
                    + $"{-Math.Log(trained.NoiseLevels[0])}.");
        }

        ladder = SigmaLadders.Read(options, features.HasLu);
        ends = SigmaEnds.Read(options);
        noise = ladder == SigmaLadder.None ? trained : trained.ReachingTo(ends.Max ?? 0);
        FlowShift read = FlowShift.Read(options, "flow_shift", features.FlowFromOne, features.FlowFromOne);
        shift = options.Flag("use_flow_sigmas", false) ? read : null;
        EndsAtZero = features.CanEndAtZero && options.Choice("final_sigmas_type", "zero", "sigma_min") == "zero";
        Prediction = ReadPrediction(options, "epsilon", "sample", "v_prediction", "flow_prediction");
        clipping = DataClipping.Read(options, hasClip: false);
        CheckFlow();
    }

    internal sealed override NoiseSchedule Schedule => IsFlow ? NoiseSchedule.RectifiedFlow() : noise.Schedule;

    internal sealed override Prediction Prediction { get; }

    internal sealed override int? TrainingTimesteps => IsFlow ? null : noise.Count;

    internal sealed override double TimeScale => IsFlow ? noise.Count : 1;

    internal sealed override bool TakesShift => shift is { IsDynamic: true } && ladder == SigmaLadder.None;

    private protected MultistepFeatures Features { get; }

    private protected bool EndsAtZero { get; }

    /// <summary>Whether thresholding reaches the predictions that it steps by.</summary>
    private protected virtual bool ClipsData => true;

    private bool IsFlow => shift is not null;

    /// <summary>The method for a number of steps; see <see cref="ExponentialMultistep.RepeatsEnd"/>.</summary>
    private protected abstract Solver CreateSolver(int steps, bool repeatsEnd);

    internal sealed override ScheduledSampling ForSteps(int steps, double? mu)
    {
        (double[] levels, double[] timesteps) = Levels(steps, mu);
        bool ownLevels = IsFlow || ladder != SigmaLadder.None;
        double last = EndsAtZero ? 0 : ownLevels && Features.RepeatsLevels ? levels[^1] : noise.NoiseLevels[0];
        TimeGrid grid;
        if (IsFlow)
        {
            // Times are noise levels; the network is told whole timesteps.
            IEnumerable<double> told = timesteps.Select(timestep => timestep / noise.Count);
            grid = Agree(levels[^1], last) ? Grid(steps, levels, told) : Grid(steps, levels.Append(last), told.Append(last));
        }
        else
        {
            grid = Grid(steps, noise, levels, timesteps, last);
        }

        Solver solver = CreateSolver(levels.Length, Agree(levels[^1], last));
        return new ScheduledSampling(Schedule, solver, grid) { Clipping = ClipsData ? clipping : null };
    }

    private (double[] Levels, double[] Timesteps) Levels(int steps, double? mu)
    {
        if (ladder != SigmaLadder.None)
        {
            double[] levels = ends.Levels(ladder, noise.NoiseLevels[^1], noise.NoiseLevels[0], steps);
            return IsFlow ? Flow([.. levels.Select(level => level / (1 + level))]) : (levels, [.. levels.Select(Timestep)]);
        }

        if (IsFlow)
        {
            // From 1 down to 1/n; or, as most have it, 1 minus these backwards.
            double lowest = 1.0 / noise.Count;
            double[] levels = Features.FlowFromOne
                ? Ramp.Linear(1, lowest, steps + 1)[..^1]
                : [.. Ramp.Linear(1, lowest, steps + 1).Select(alpha => 1 - alpha).Reverse().Take(steps)];
            return Flow(shift!.Apply(levels, mu));
        }

        double[] timesteps = Timesteps(steps);
        return ([.. timesteps.Select(noise.NoiseLevelAt)], timesteps);
    }

    private (double[] Levels, double[] Timesteps) Flow(double[] levels)
    {
        const double margin = 1e-6;
        if (Features.FlowFromOne && Math.Abs(levels[0] - 1) < margin)
        {
            // Published so, to keep the log-SNR finite.
            levels[0] -= margin;
        }

        return (levels, [.. levels.Select(level => Truncated(level * noise.Count))]);
    }

    // Karras and Lu timesteps are rounded; the others lose their fraction when they become integers.
    private double Timestep(double level)
    {
        double timestep = noise.TimestepAt(level);
        bool rounds = ladder is SigmaLadder.Karras or SigmaLadder.Lu;
        return rounds && !(Features.CosineTruncates && noise.IsCosine) ? Math.Round(timestep) : Truncated(timestep);
    }

    // A whole number reached by way of logarithms may fall short of itself by rounding.
    private static double Truncated(double timestep) => Math.Floor(timestep + 1e-9);

    private double[] Timesteps(int steps)
    {
        double stride = (double)noise.Count / steps;
        return spacing switch
        {
            "linspace" => Ramp.Linspace(steadySteps - 1, steps + 1, steps),
            "leading" => Ramp.Leading(steadySteps / (steps + 1), steps, 1, offset),
            _ => Ramp.Trailing(steadySteps, stride, steadySteps == noise.Count ? steps : (int)Math.Ceiling(steadySteps / stride)),
        };
    }

    private void CheckFlow()
    {
        if (IsFlow && Prediction == Prediction.Velocity)
        {
            throw Options.Error(
                "use_flow_sigmas is true and prediction_type is \"v_prediction\", which is defined for variance-preserving schedules "
                    + "only. For a flow's velocity use \"flow_prediction\".");
        }

        if (!IsFlow && Prediction == Prediction.Flow)
        {
            throw Options.Error(
                "prediction_type is \"flow_prediction\" but use_flow_sigmas is false; a flow's velocity belongs to a flow. "
                    + "Set use_flow_sigmas to true.");
        }

        if (IsFlow && ladder != SigmaLadder.None && !(Features.FlowFromOne && ladder == SigmaLadder.Karras))
        {
            throw Options.Error(
                $"use_flow_sigmas is true together with {ladder} noise levels, which may exceed 1, the highest of a flow. "
                    + "Set one of them to false.");
        }
    }
}
