using static TorchSharp.torch;

namespace Costate.Faces.Training;

/// <summary>What is trained: its parameters, the gradient of its loss, and how good it is.</summary>
internal abstract class TrainingTask : IDisposable
{
    /// <summary>All that learns.</summary>
    internal abstract IReadOnlyList<TrainedParameter> Parameters { get; }

    /// <summary>Other tensors that a checkpoint must hold.</summary>
    internal virtual IReadOnlyDictionary<string, Tensor> State => new Dictionary<string, Tensor>();

    /// <summary>The steps that the weights it begins with have behind them.</summary>
    internal virtual long FirstStep => 0;

    /// <summary>What must be equal for a run to go on, beside the settings of every training.</summary>
    internal abstract IReadOnlyDictionary<string, string> Settings { get; }

    /// <summary>The columns of what <see cref="Validate"/> measures.</summary>
    internal abstract IReadOnlyList<string> Measures { get; }

    /// <summary>Adds the gradient of the mean loss over a batch to the parameters', and returns the loss.</summary>
    /// <param name="random">Where the batch and its noise come from.</param>
    /// <param name="progress">How much of the training is done, 0..1.</param>
    internal abstract double Accumulate(StepRandom random, double progress);

    /// <summary>Measures the averaged network on faces that it is not trained on; may leave pictures in the folder.</summary>
    internal abstract IReadOnlyList<double> Validate(string folder, long step);

    /// <summary>Writes the averaged network to <c>folder</c> and returns the file's name.</summary>
    internal abstract string Save(string folder, IReadOnlyDictionary<string, string> metadata);

    public abstract void Dispose();
}
