namespace Costate.Networks;

/// <summary>How a network is guided by its condition.</summary>
internal enum GuidanceKind
{
    /// <summary>By its answers with and without the condition, away from a negative one.</summary>
    ClassifierFree,

    /// <summary>By being told a scale, which it was distilled with.</summary>
    Told,

    /// <summary>Not at all: it was distilled with one scale.</summary>
    Fixed,
}
