namespace Costate;

/// <summary>What a <see cref="LatentOptimisation"/> changes.</summary>
[Flags]
public enum OptimisationTargets
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The start noise x_T.</summary>
    StartNoise = 1,

    /// <summary>The condition z, constant or scheduled.</summary>
    Condition = 2,

    /// <summary>
    /// The denoiser's <see cref="Denoiser.Parameters"/>: all of the network's, or low-rank updates of them where the denoiser was given
    /// nothing else. The items of a batch share them, so the batch is then one problem.
    /// </summary>
    Parameters = 4,

    /// <summary>
    /// The unconditional branch of the denoiser's classifier-free guidance, constant or scheduled, for each item apart: null-text inversion
    /// (Mokady et al. 2023), negative prompts. Its rate is <see cref="LatentOptimisationOptions.ConditionRate"/>.
    /// </summary>
    Unconditional = 8,
}
