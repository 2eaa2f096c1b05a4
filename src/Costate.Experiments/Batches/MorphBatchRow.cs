using Costate.Faces.Morphs;

namespace Costate.Experiments.Batches;

/// <summary>What has become of a row of a file of pairs.</summary>
internal sealed record MorphBatchRow
{
    public required int Line { get; init; }

    public required string Name { get; init; }

    public bool Accepted { get; init; }

    /// <summary>The lowest; null where the row failed.</summary>
    public double? Loss { get; init; }

    /// <summary>Whether the judges would have taken the blend alone.</summary>
    public bool BlendAccepted { get; init; }

    /// <summary>Of the blend; null where the row failed.</summary>
    public double? BlendLoss { get; init; }

    public IReadOnlyList<MorphSimilarity>? Recognisers { get; init; }

    /// <summary>Whether an earlier run has made it.</summary>
    public bool WasThere { get; init; }

    public string? Error { get; init; }

    internal static MorphBatchRow Of(PairsRow pair, MorphReport report, bool wasThere) => new()
    {
        Line = pair.Line,
        Name = pair.Name,
        Accepted = report.Accepted,
        Loss = report.Losses[report.BestIteration],
        BlendAccepted = report.Blend.Accepted,
        BlendLoss = report.Blend.Loss,
        Recognisers = report.Recognisers,
        WasThere = wasThere,
    };

    internal static MorphBatchRow Of(PairsRow pair, string error) => new() { Line = pair.Line, Name = pair.Name, Error = error };
}
