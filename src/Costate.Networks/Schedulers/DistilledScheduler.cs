namespace Costate.Networks;

/// <summary>What LCMScheduler and TCDScheduler share: every so many of the steps that the model was distilled on.</summary>
internal abstract class DistilledScheduler : Scheduler
{
    private readonly int originalSteps;

    private protected DistilledScheduler(SchedulerOptions options)
        : base(options)
    {
        Noise = TrainingNoise.Read(
            options, 0.00085, 0.012, rescales: true, finite: false,
                [BetaSchedules.ScaledLinear, BetaSchedules.Linear, BetaSchedules.Cosine]);
        Prediction = ReadPrediction(options, "epsilon", "sample", "v_prediction");
        originalSteps = options.Integer("original_inference_steps", 50, 1, Noise.Count);
        options.RefuseClipping("clip_sample", false);
        options.RefuseClipping("thresholding", false);
        options.Without(
            "clip_sample_range", "dynamic_thresholding_ratio", "sample_max_value", "set_alpha_to_one", "steps_offset",
                "timestep_spacing", "timestep_scaling");
    }

    internal sealed override NoiseSchedule Schedule => Noise.Schedule;

    internal sealed override Prediction Prediction { get; }

    internal sealed override int? TrainingTimesteps => Noise.Count;

    private protected TrainingNoise Noise { get; }

    /// <summary>Falling timesteps, spread evenly over those of the distillation.</summary>
    private protected double[] Timesteps(int steps)
    {
        if (steps > originalSteps)
        {
            throw new InputException(nameof(steps), $"{steps}",
                $"at most {originalSteps}, the original_inference_steps of {Options.Source}");
        }

        int stride = Noise.Count / originalSteps;
        return [.. Enumerable.Range(0, steps)
            .Select(i => (double)(((originalSteps - (int)((long)i * originalSteps / steps)) * stride) - 1))];
    }
}
