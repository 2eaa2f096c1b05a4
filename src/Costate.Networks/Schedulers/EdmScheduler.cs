namespace Costate.Networks;

/// <summary>EDMEulerScheduler and EDMDPMSolverMultistepScheduler, on the noise levels of EDM.</summary>
internal abstract class EdmScheduler : Scheduler
{
    private readonly EdmNoise noise;
    private readonly bool isKarras;

    private protected EdmScheduler(SchedulerOptions options)
        : base(options)
    {
        noise = EdmNoise.Read(options);
        isKarras = options.Choice("sigma_schedule", "karras", "exponential") == "karras";
        EndsAtZero = options.Choice("final_sigmas_type", "zero", "sigma_min") == "zero";

        // Its v_prediction is the same with the other sign, as in EDM's own code for networks that were trained so.
        Prediction = options.Choice("prediction_type", "epsilon", "v_prediction") == "epsilon"
            ? Prediction.NegativeVelocity : Prediction.Velocity;
        options.Without(SchedulerNames.TrainingSteps);
    }

    internal sealed override NoiseSchedule Schedule => EdmNoise.Schedule;

    internal sealed override Prediction Prediction { get; }

    internal sealed override int? TrainingTimesteps => null;

    private protected bool EndsAtZero { get; }

    /// <summary>The method for a number of steps; see <see cref="ExponentialMultistep.RepeatsEnd"/>.</summary>
    private protected abstract Solver CreateSolver(int steps, bool repeatsEnd);

    internal sealed override ScheduledSampling ForSteps(int steps, double? mu)
    {
        double[] fractions = Ramp.Linear(0, 1, steps);
        double[] levels = isKarras ? [.. fractions.Select(noise.Karras)]
            : SigmaLadder.Exponential.Levels(noise.Most, noise.Least, steps);
        double[] times = [.. levels.Select(noise.TimeOf)];
        double[] told = [.. levels.Select(EdmNoise.Told)];
        TimeGrid grid = EndsAtZero ? Grid(steps, times.Append(0), told.Append(0)) : Grid(steps, times, told);
        return new ScheduledSampling(
            Schedule,
            CreateSolver(steps, !EndsAtZero),
            grid,
            Math.Sqrt((noise.Most * noise.Most) + 1) / noise.Length(noise.Most))
        {
            SampleScale = noise.Length(EndsAtZero ? 0 : levels[^1]),
        };
    }
}
