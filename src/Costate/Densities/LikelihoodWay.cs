namespace Costate;

/// <summary>What the logarithm of a determinant is made of when the likelihood of data is computed.</summary>
public enum LikelihoodWay
{
    /// <summary>
    /// The divergence of the flow, integrated along the run by the solver's own weights: that of the continuous model, up to the solver's
    /// order. As many vector-Jacobian products an evaluation as the data have numbers, or as there are probes.
    /// </summary>
    Trace,

    /// <summary>
    /// The determinant of the map that the solver is: the exact density of what that map carries from data to noise, normalised at any
    /// number of steps, and as near to the continuous model as the steps are. As many runs with their gradients as the data have numbers.
    /// </summary>
    Jacobian,
}
