namespace Costate;

/// <summary>Which second derivative a product is of, for a sample x0 = S(x_T, z) with Jacobian J and a loss L(x0).</summary>
public enum Curvature
{
    /// <summary>
    /// The Hessian of L(S(x_T, z)): <c>J' L'' J</c> and the curvature of the sampler and its network. Symmetric, of any sign.
    /// </summary>
    Exact,

    /// <summary>
    /// <c>J' L'' J</c> alone, the curvature of the loss seen through the linearised sampler (Schraudolph 2002): never negative for a convex
    /// loss, and the Hessian itself where the loss has no gradient.
    /// </summary>
    GaussNewton,
}
