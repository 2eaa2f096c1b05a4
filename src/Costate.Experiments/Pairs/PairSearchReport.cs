using Costate.Faces.Reports;

namespace Costate.Experiments.Pairs;

/// <summary>What <c>pairs.json</c> says of a search.</summary>
internal sealed record PairSearchReport
{
    public string Command => "evaluate pairs";

    public string Version => ToolVersion.Version;

    public required IReadOnlyDictionary<string, Setting> Settings { get; init; }

    /// <summary>How many were drawn.</summary>
    public required int People { get; init; }

    /// <summary>The first of them.</summary>
    public required ulong FirstIdentity { get; init; }

    /// <summary>How many pairs wear their hair alike, and nothing in the face.</summary>
    public required int Pairs { get; init; }

    /// <summary>How many of their blends no judge takes for both.</summary>
    public required int RefusedBlends { get; init; }

    /// <summary>In how many of those the loss falls from the start.</summary>
    public required int Falling { get; init; }

    /// <summary>How often features are seen rightly on drawn faces.</summary>
    public required IReadOnlyDictionary<string, double> FeatureAccuracy { get; init; }

    /// <summary>Those that were optimised to the end.</summary>
    public required IReadOnlyList<PairFinding> Tried { get; init; }

    /// <summary>The pair without faults whose morph has the lowest loss; null if there is none.</summary>
    public required PairFinding? Chosen { get; init; }

    public required IReadOnlyList<string> Files { get; init; }
}
