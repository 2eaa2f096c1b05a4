namespace Costate;

/// <summary>The phases of a run.</summary>
public enum SamplingPhase
{
    /// <summary>From noise to sample.</summary>
    Sampling,

    /// <summary>The gradient, from sample to noise.</summary>
    Gradient,

    /// <summary>From sample to noise, without a gradient.</summary>
    Inversion,

    /// <summary>
    /// The search for steps of an <see cref="AdaptiveSampler"/>. How many evaluations it takes is unknown: the total is 0.
    /// </summary>
    Search,
}
