namespace Costate.Networks;

/// <summary>What one scheduler of the DPM-Solver family has and another has not.</summary>
internal sealed record MultistepFeatures
{
    /// <summary>It has rescale_betas_zero_snr.</summary>
    internal bool Rescales { get; init; }

    /// <summary>It has timestep_spacing and steps_offset; without, its spacing is linspace.</summary>
    internal bool HasSpacing { get; init; } = true;

    /// <summary>It has lambda_min_clipped.</summary>
    internal bool ClipsLambda { get; init; }

    /// <summary>It has use_lu_lambdas.</summary>
    internal bool HasLu { get; init; }

    /// <summary>It has final_sigmas_type; without, it never ends at zero.</summary>
    internal bool CanEndAtZero { get; init; } = true;

    /// <summary>
    /// A ladder or flow that does not end at zero ends with its own last noise level once more, not with the first training step's.
    /// </summary>
    internal bool RepeatsLevels { get; init; }

    /// <summary>
    /// Flow levels start at 1 rather than one training step below, and may follow Karras, a linear shift and shift_terminal.
    /// </summary>
    internal bool FlowFromOne { get; init; }

    /// <summary>On the cosine schedule the timesteps of Karras and Lu levels are truncated, not rounded.</summary>
    internal bool CosineTruncates { get; init; }
}
