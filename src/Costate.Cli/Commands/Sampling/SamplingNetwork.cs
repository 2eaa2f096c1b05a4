using static TorchSharp.torch;

namespace Costate.Cli.Commands.Sampling;

/// <summary>The network of a command that samples, and what it takes for a sample. Counts its calls.</summary>
internal abstract class SamplingNetwork : IDisposable
{
    /// <summary>How often it was called.</summary>
    internal long Calls { get; private set; }

    /// <summary>Its parameters and buffers.</summary>
    private protected abstract IEnumerable<Tensor> Weights { get; }

    /// <summary>The user's network, or the one of drawn faces where none is named.</summary>
    /// <exception cref="CommandException">A file is missing or does not fit.</exception>
    internal static SamplingNetwork Open(SamplingSettings settings) =>
        settings.Model is string file ? new UserNetwork(file, settings.Dtype) : new FaceNetwork(settings.Weights);

    internal Denoiser ToDenoiser(SamplingPlan plan) =>
        Denoiser.FromFunction(Counted, PredictionOf(plan), plan.TimeScale, plan.TrainingTimesteps, parameters: []).WithFingerprint(Weights);

    /// <summary>Samples named on the command line, [batch, ...].</summary>
    /// <exception cref="CommandException">There is no such file, or it does not fit.</exception>
    internal abstract Tensor Read(string text, SamplingSettings settings);

    /// <summary>The condition that samples have by themselves, [batch, ...]; null where they have none.</summary>
    internal abstract Tensor? ConditionOf(Tensor samples);

    /// <summary>Samples and the condition that they have by themselves.</summary>
    internal (Tensor Samples, Tensor? Condition) WithCondition(Tensor samples) => (samples, ConditionOf(samples));

    public abstract void Dispose();

    private protected abstract Prediction PredictionOf(SamplingPlan plan);

    private protected abstract Tensor Predict(Tensor x, Tensor t, Tensor? z);

    private Tensor Counted(Tensor x, Tensor t, Tensor? z)
    {
        Calls++;
        return Predict(x, t, z);
    }
}
