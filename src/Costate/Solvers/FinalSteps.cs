namespace Costate;

/// <summary>Whether a multistep solver lowers its order at the end, which steadies runs of few steps.</summary>
/// <remarks>A step to or from a point where alpha or sigma is zero is of order 1 whatever this says: lambda is infinite there.</remarks>
public enum FinalSteps
{
    /// <summary>Every step has the full order.</summary>
    FullOrder,

    /// <summary>The last step has order 1.</summary>
    EulerLast,

    /// <summary>The last step has order 1, the one before it at most 2, and so on.</summary>
    LowerOrder,
}
