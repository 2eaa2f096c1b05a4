using Costate.Faces.Drawing;

namespace Costate.Faces.Training;

/// <summary>What a training does unless it is told otherwise.</summary>
internal sealed record TrainingDefaults
{
    internal static TrainingDefaults Autoencoder { get; } = new()
    {
        Minutes = 100,
        Batch = 16,
        MicroBatch = 16,
        LearningRate = 1e-3,
        WeightDecay = 0.01,
        Faces = new FaceSelection { Identities = 8000, Circumstances = 6, EvenGlasses = true },
    };

    internal static TrainingDefaults Recogniser { get; } = new()
    {
        Minutes = 15,
        Batch = 64,
        MicroBatch = 32,
        LearningRate = 2e-3,
        WeightDecay = 0.05,
        Faces = new FaceSelection { Identities = 2000, Circumstances = 24 },
    };

    internal static TrainingDefaults AttributeJudges { get; } = new()
    {
        Minutes = 15,
        Batch = 64,
        MicroBatch = 16,
        LearningRate = 2e-3,
        WeightDecay = 0.05,
        Faces = new FaceSelection { Identities = 6000, Circumstances = 3, EvenGlasses = true, Size = Recognition.AttributeJudges.Side },
    };

    /// <summary>Minutes, unless there are <see cref="Steps"/>.</summary>
    public double Minutes { get; init; }

    /// <summary>Steps instead of minutes.</summary>
    public long? Steps { get; init; }

    public required int Batch { get; init; }

    public required int MicroBatch { get; init; }

    public required double LearningRate { get; init; }

    public required double WeightDecay { get; init; }

    public required FaceSelection Faces { get; init; }

    /// <summary>The settings of a training that was told nothing but its seed.</summary>
    internal TrainingSettings Settings(ulong seed) => new()
    {
        Budget = new Budget(Steps, Steps is null ? Minutes : null),
        Seed = seed,
        Batch = Batch,
        MicroBatch = MicroBatch,
        LearningRate = LearningRate,
        WeightDecay = WeightDecay,
    };
}
