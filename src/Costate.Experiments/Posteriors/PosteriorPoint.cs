namespace Costate.Experiments.Posteriors;

/// <summary>How near a way of sampling comes to the posterior of a problem.</summary>
internal sealed record PosteriorPoint
{
    public required string Bed { get; init; }

    public required int Problem { get; init; }

    public required string Method { get; init; }

    /// <summary>In each run; 1 for a way without weights.</summary>
    public required int Particles { get; init; }

    /// <summary>Of guidance; null for a way that has none to choose.</summary>
    public double? Strength { get; init; }

    /// <summary>The sliced Wasserstein distance to exact samples; null where a sample is no number.</summary>
    public required double? Distance { get; init; }

    /// <summary>That of two exact sets.</summary>
    public required double Floor { get; init; }

    /// <summary>By how much log Z is off, a mean over runs; null for a way without weights.</summary>
    public required double? LogZError { get; init; }

    public required double Seconds { get; init; }
}
