using Costate.Faces.Drawing;

namespace Costate.Faces.Training;

/// <summary>One network of a recipe.</summary>
internal sealed record TrainingPart
{
    /// <summary>What it is called, and the folder of its training.</summary>
    public required string Name { get; init; }

    /// <summary>Its file of weights, where all parts come together.</summary>
    public required string WeightsFile { get; init; }

    /// <summary>Whether it is trained already; null where its file tells.</summary>
    public Func<bool>? IsDone { get; init; }

    /// <summary>What to train on.</summary>
    public required FaceSelection Faces { get; init; }

    public required TrainingSettings Settings { get; init; }

    /// <summary>Makes what is trained.</summary>
    public required Func<FaceData, TrainingSettings, TrainingTask> Create { get; init; }

    /// <summary>The share of its first loss below which the last must be for the training to have learnt.</summary>
    public required double LossFallsTo { get; init; }

    /// <summary>The log of the training, beside the weights.</summary>
    internal string LogFile => Path.ChangeExtension(WeightsFile, ".log.csv");
}
