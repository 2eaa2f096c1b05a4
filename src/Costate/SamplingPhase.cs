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
}
