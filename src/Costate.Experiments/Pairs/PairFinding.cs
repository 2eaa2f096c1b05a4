using Costate.Faces.Morphs;

namespace Costate.Experiments.Pairs;

/// <summary>What the blend and the morph of two drawn people are worth as an example.</summary>
internal sealed record PairFinding
{
    /// <summary>Identity of the first.</summary>
    public required ulong A { get; init; }

    /// <summary>Identity of the second.</summary>
    public required ulong B { get; init; }

    public required MorphBlend Blend { get; init; }

    /// <summary>What recognisers think of the morph.</summary>
    public required IReadOnlyList<MorphSimilarity> Recognisers { get; init; }

    public required IReadOnlyList<double> Losses { get; init; }

    /// <summary>For each feature a number, positive where the morph seems to have it.</summary>
    public required IReadOnlyDictionary<string, double> Features { get; init; }

    /// <summary>Why the pair shows nothing; empty where it is a good example.</summary>
    public required IReadOnlyList<string> Faults { get; init; }
}
