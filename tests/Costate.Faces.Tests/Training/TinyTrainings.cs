using Costate.Faces.Drawing;
using Costate.Faces.Recognition;
using Costate.Faces.Training;
using Costate.Testing;

namespace Costate.Faces.Tests.Training;

/// <summary>Trainings of a second, for tests of what all trainings do.</summary>
internal static class TinyTrainings
{
    public const int Identities = 4;
    public const int Circumstances = 2;


    public static FaceSelection Selection { get; } = new() { Identities = Identities, Circumstances = Circumstances };

    public static TrainingSettings Settings(long steps) => new()
    {
        Budget = new Budget(steps, null),
        Seed = 5,
        Batch = 4,
        MicroBatch = 2,
        LearningRate = 1e-3,
        WeightDecay = 0.01,
    };

    /// <summary>What the task of a name learns from.</summary>
    public static FaceData Faces(string folder, string name = "autoencoder") => FaceData.Open(
        Path.Combine(folder, "faces.safetensors"),
        name == "attributes" ? Selection with { Size = AttributeJudges.Side } : Selection,
        threads: 1,
        progress: null,
        default);

    /// <summary>The task of a name: autoencoder, attributes, or the loss of a recogniser.</summary>
    public static TrainingTask Task(string name, FaceData faces, TrainingSettings settings) => name switch
    {
        "autoencoder" => new AutoencoderTask(TinyWeights.Autoencoder, faces, settings),
        "attributes" => new AttributeTask(AttributeJudges.Config(8), faces, settings),
        _ => new RecogniserTask(new FaceRecogniserConfig { Width = 8, EmbeddingWidth = 16 }, name, faces, settings),
    };
}
