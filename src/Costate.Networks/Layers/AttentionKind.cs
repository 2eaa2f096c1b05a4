namespace Costate.Networks;

/// <summary>How a network computes attention. Both ways give the same numbers up to rounding.</summary>
public enum AttentionKind
{
    /// <summary>
    /// By torch's <c>scaled_dot_product_attention</c>: the quickest, with memory that grows with the number of positions. Its
    /// kernels have no second derivative.
    /// </summary>
    Fused,

    /// <summary>
    /// By matrix products and a softmax, which can be differentiated any number of times. Holds the scores of all pairs of positions:
    /// memory grows with the square of their number.
    /// </summary>
    Products,
}
