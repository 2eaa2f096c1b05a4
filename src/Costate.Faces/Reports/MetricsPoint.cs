using System.Text.Json;
using System.Text.Json.Serialization;

namespace Costate.Faces.Reports;

/// <summary>What is known of a run at a moment. What is null is not known, and is left out of a line of JSON.</summary>
internal sealed record MetricsPoint
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>In UTC.</summary>
    public required DateTime Time { get; init; }

    /// <summary>Since the run began.</summary>
    public required double Seconds { get; init; }

    public required string Stage { get; init; }

    /// <summary>How much of the stage is done, from 0 to 1.</summary>
    public required double Share { get; init; }

    public long? Step { get; init; }

    public long? Evaluations { get; init; }

    /// <summary>Null where it is no number too.</summary>
    public double? Loss { get; init; }

    /// <summary>What the process holds in memory.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Of the stage, if it goes on as it did.</summary>
    public double? SecondsLeft { get; init; }

    public string? Note { get; init; }

    /// <summary>As one line of JSON.</summary>
    internal string Line() => JsonSerializer.Serialize(this, Options);
}
