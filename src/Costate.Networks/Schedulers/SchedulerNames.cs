namespace Costate.Networks;

/// <summary>The names that diffusers gives to schedulers and their options.</summary>
internal static class SchedulerNames
{
    /// <summary>The schedulers that can be read.</summary>
    internal static IReadOnlyList<string> Classes { get; } =
    [
        "CMStochasticIterativeScheduler",
        "CogVideoXDDIMScheduler",
        "CogVideoXDPMScheduler",
        "DDIMScheduler",
        "DDIMInverseScheduler",
        "DDPMScheduler",
        "DEISMultistepScheduler",
        "DPMSolverMultistepScheduler",
        "DPMSolverMultistepInverseScheduler",
        "DPMSolverSinglestepScheduler",
        "EDMDPMSolverMultistepScheduler",
        "EDMEulerScheduler",
        "EulerDiscreteScheduler",
        "EulerAncestralDiscreteScheduler",
        "FlowMatchEulerDiscreteScheduler",
        "FlowMatchHeunDiscreteScheduler",
        "FlowMatchLCMScheduler",
        "HeunDiscreteScheduler",
        "IPNDMScheduler",
        "KDPM2DiscreteScheduler",
        "KDPM2AncestralDiscreteScheduler",
        "LCMScheduler",
        "LMSDiscreteScheduler",
        "PNDMScheduler",
        "SASolverScheduler",
        "TCDScheduler",
        "UniPCMultistepScheduler",
    ];

    /// <summary>The option with the number of training steps.</summary>
    internal const string TrainingSteps = "num_train_timesteps";

    /// <summary>The options that decide on which noise levels the steps of a sampler lie.</summary>
    internal static IReadOnlyList<string> Placing { get; } =
    [
        TrainingSteps,
        "trained_betas",
        "beta_schedule",
        "beta_start",
        "beta_end",
        "snr_shift_scale",
        "rescale_betas_zero_snr",
        "original_inference_steps",
        "timestep_spacing",
        "steps_offset",
        "interpolation_type",
        "lambda_min_clipped",
        "use_karras_sigmas",
        "use_exponential_sigmas",
        "use_beta_sigmas",
        "use_lu_lambdas",
        "sigma_min",
        "sigma_max",
        "sigma_schedule",
        "rho",
        "use_flow_sigmas",
        "flow_shift",
        "shift",
        "use_dynamic_shifting",
        "time_shift_type",
        "shift_terminal",
        "final_sigmas_type",
    ];
}
