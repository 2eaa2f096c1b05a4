namespace Costate.Cli.Commands;

/// <summary>What a training does unless it is told otherwise.</summary>
internal sealed record TrainingDefaults
{
    public required double Minutes { get; init; }

    public required int Batch { get; init; }

    public required int MicroBatch { get; init; }

    public required double LearningRate { get; init; }

    public required double WeightDecay { get; init; }

    public int Identities { get; init; } = 8000;

    public int Circumstances { get; init; } = 6;
}
