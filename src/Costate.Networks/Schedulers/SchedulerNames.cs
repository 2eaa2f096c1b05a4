namespace Costate.Networks;

/// <summary>The names that diffusers gives to schedulers and their options.</summary>
internal static class SchedulerNames
{
    /// <summary>The schedulers that can be read.</summary>
    internal static IReadOnlyList<string> Classes { get; } =
    [
        "DDIMScheduler",
        "DDIMInverseScheduler",
        "DDPMScheduler",
        "DEISMultistepScheduler",
        "DPMSolverMultistepScheduler",
        "DPMSolverSinglestepScheduler",
        "EulerDiscreteScheduler",
        "FlowMatchEulerDiscreteScheduler",
        "HeunDiscreteScheduler",
        "UniPCMultistepScheduler",
    ];

    /// <summary>
    /// All options of diffusers' schedulers. A file may hold those of another scheduler, from which it was converted; diffusers
    /// ignores them, and published files rely on it.
    /// </summary>
    internal static IReadOnlySet<string> Options { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "algorithm_type", "base_image_seq_len", "base_shift", "beta_end", "beta_schedule", "beta_start", "clip_sample",
        "clip_sample_range", "disable_corrector", "dynamic_thresholding_ratio", "euler_at_final", "final_sigmas_type", "flow_shift",
        "interpolation_type", "invert_sigmas", "lambda_min_clipped", "lower_order_final", "max_image_seq_len", "max_shift",
        "noise_sampler_seed", "num_train_timesteps", "original_inference_steps", "predict_x0", "prediction_type",
        "rescale_betas_zero_snr", "rho", "sample_max_value", "set_alpha_to_one", "set_alpha_to_zero", "shift", "shift_terminal",
        "sigma_data", "sigma_max", "sigma_min", "sigma_schedule", "skip_prk_steps", "snr_shift_scale", "solver_order", "solver_p",
        "solver_type", "steps_offset", "stochastic_sampling", "thresholding", "time_shift_type", "timestep_scaling",
        "timestep_spacing", "timestep_type", "trained_betas", "use_beta_sigmas", "use_dynamic_shifting", "use_exponential_sigmas",
        "use_flow_sigmas", "use_karras_sigmas", "use_lu_lambdas", "variance_type",
    };
}
