namespace Costate.Networks;

/// <summary>
/// Guidance as it was published on FFHQ and ImageNet with an <see cref="AdmUNetModel"/>: the training steps that its samplers take, and
/// what they do to predicted data.
/// </summary>
/// <remarks>
/// Both take the steps of linear betas from 0.0001 to 0.02, every so many of 1000 and 0 at last, and end in data. DPS's code draws noise by
/// the variances that the network learned, in place of the posterior's; these are left out here, and the posterior's taken. Losses are
/// norms of a residual, such as <see cref="Measurement.Norm"/>.
/// </remarks>
public static class AdmGuidance
{
    // The rest is what this class of diffusers does by itself.
    private const string Linear = """
        {
          "_class_name": "DDPMScheduler", "num_train_timesteps": 1000, "beta_schedule": "linear", "beta_start": 0.0001, "beta_end": 0.02,
          "timestep_spacing": "leading", "steps_offset": 0, "prediction_type": "epsilon", "clip_sample": true
        }
        """;

    /// <summary>DPS (Chung et al. 2023): all training steps, each drawn from the posterior of clipped data, at which the loss is taken: its
    /// gradient is 0 where they are cut.</summary>
    /// <param name="network">Such as one of <see cref="AdmConfig.Ffhq256"/> or <see cref="AdmConfig.ImageNet256"/>.</param>
    /// <param name="strength">As for <see cref="GuidancePreset.Dps"/>. The default value is 0.3.</param>
    /// <param name="steps">How many. The default value is 1000.</param>
    /// <exception cref="InputException">The number of steps is below 1 or above 1000.</exception>
    public static GuidedSampler Dps(AdmUNetModel network, double strength = 0.3, int steps = 1000) =>
        Of(network, steps, clips: true, GuidancePreset.Dps(strength));

    /// <summary>FreeDoM (Yu et al. 2023) on faces: DDIM with eta 0.5, data as predicted, time travel in the middle of the run.</summary>
    /// <param name="network">The network.</param>
    /// <param name="strength">As for <see cref="GuidancePreset.FreeDom"/>. The default value is 0.2, for face parsing.</param>
    /// <param name="until">As for <see cref="GuidancePreset.FreeDom"/>. The default value is 0.2.</param>
    /// <param name="repeats">As for <see cref="GuidancePreset.FreeDom"/>. The default value is 10.</param>
    /// <param name="steps">How many. The default value is 100.</param>
    /// <exception cref="InputException">The number of steps is below 1 or above 1000.</exception>
    public static GuidedSampler FreeDom(
        AdmUNetModel network, double strength = 0.2, double until = 0.2, int repeats = 10, int steps = 100) =>
        Of(network, steps, clips: false, GuidancePreset.FreeDom(strength, until, repeats));

    private static GuidedSampler Of(AdmUNetModel network, int steps, bool clips, GuidanceOptions options)
    {
        ArgumentNullException.ThrowIfNull(network);
        ScheduledSampling plan = SchedulerConfiguration.Parse(Linear, ignoreClipping: true).ForSteps(steps);
        Denoiser denoiser = network.ToDenoiser();
        return new GuidedSampler(clips ? plan.Clipped(denoiser) : denoiser, plan.Schedule, plan.Grid, options);
    }
}
