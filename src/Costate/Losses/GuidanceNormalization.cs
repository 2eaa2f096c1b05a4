namespace Costate;

/// <summary>What the gradient of each item is divided by before the strength applies.</summary>
public enum GuidanceNormalization
{
    /// <summary>Nothing (DPS with the norm as loss, FreeDoM, universal guidance, TFG).</summary>
    None,

    /// <summary>The loss of the item: with a squared norm, the step of DPS in TFG's notation.</summary>
    Loss,

    /// <summary>The root mean square of the item's gradient (MPGD for faces).</summary>
    Rms,

    /// <summary>
    /// The same, times the root mean square of the network's noise prediction for the item (FreeDoM, symplectic adjoint guidance).
    /// </summary>
    RmsToNoise,
}
