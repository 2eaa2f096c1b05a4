using Costate.Faces.Reports;

namespace Costate.Experiments.Batches;

/// <summary>What <c>batch.json</c> says of a run.</summary>
internal sealed record MorphBatchReport
{
    public string Command => "morph";

    public string Version => ToolVersion.Version;

    public required IReadOnlyDictionary<string, Setting> Settings { get; init; }

    public required IReadOnlyList<MorphBatchRow> Pairs { get; init; }
}
