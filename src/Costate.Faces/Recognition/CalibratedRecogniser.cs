namespace Costate.Faces.Recognition;

/// <summary>A recogniser's threshold, how good it is there, and what it was trained with.</summary>
internal sealed record CalibratedRecogniser
{
    public required string Name { get; init; }

    public required string File { get; init; }

    /// <summary>Of the file: another file has another threshold.</summary>
    public required string Sha256 { get; init; }

    public required string Loss { get; init; }

    public required int Width { get; init; }

    public required ulong Seed { get; init; }

    public required long Steps { get; init; }

    /// <summary>Cosine similarities above it are matches.</summary>
    public required double Threshold { get; init; }

    /// <summary>The share of impostor pairs above the threshold.</summary>
    public required double FalseMatchRate { get; init; }

    /// <summary>The share of genuine pairs above the threshold.</summary>
    public required double TrueMatchRate { get; init; }

    /// <summary>The ends of the true match rate's 95 % confidence interval.</summary>
    public required double[] TrueMatchRateInterval { get; init; }
}
