using Costate.Faces.Reports;

namespace Costate.Experiments.Batches;

/// <summary>What <c>batch.json</c> says of a run.</summary>
internal sealed record MorphBatchReport
{
    public string Command => "morph";

    public string Version => ToolVersion.Version;

    public required IReadOnlyDictionary<string, Setting> Settings { get; init; }

    /// <summary>Which of the pairs are here.</summary>
    public required string Shard { get; init; }

    /// <summary>How many pairs all shards have together.</summary>
    public required int Total { get; init; }

    public required IReadOnlyList<MorphBatchRow> Pairs { get; init; }
}
