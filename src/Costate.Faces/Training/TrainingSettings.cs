using System.Globalization;

namespace Costate.Faces.Training;

/// <summary>How to train.</summary>
internal sealed record TrainingSettings
{
    public required Budget Budget { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Faces of a step.</summary>
    public required int Batch { get; init; }

    /// <summary>Faces that go through the network at once; gradients of a step are summed.</summary>
    public required int MicroBatch { get; init; }

    /// <summary>The highest learning rate.</summary>
    public required double LearningRate { get; init; }

    public required double WeightDecay { get; init; }

    /// <summary>What must be equal for a run to go on from a checkpoint: everything but how long and in what portions.</summary>
    internal SortedDictionary<string, string> Describe() => new(StringComparer.Ordinal)
    {
        ["seed"] = Seed.ToString(CultureInfo.InvariantCulture),
        ["batch"] = Batch.ToString(CultureInfo.InvariantCulture),
        ["learning-rate"] = LearningRate.ToString("R", CultureInfo.InvariantCulture),
        ["weight-decay"] = WeightDecay.ToString("R", CultureInfo.InvariantCulture),
    };
}
