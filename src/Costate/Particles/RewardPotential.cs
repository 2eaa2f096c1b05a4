namespace Costate;

/// <summary>
/// How a reward weighs particles on their way (Singhal et al. 2025, "Feynman-Kac steering"). Whichever it is, the product over a lineage is
/// <c>exp(strength r)</c> of its sample: they differ in when particles are chosen.
/// </summary>
public enum RewardPotential
{
    /// <summary>By how much the reward has grown since the last step: <c>exp(strength (r_k - r_(k-1)))</c>.</summary>
    Difference,

    /// <summary>By the largest reward on the way: <c>exp(strength max r_j)</c>. For rewards that a good particle reaches once.</summary>
    Max,

    /// <summary>By the sum of the rewards on the way: <c>exp(strength sum r_j)</c>. Chooses early.</summary>
    Sum,
}
