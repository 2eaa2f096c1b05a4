using static TorchSharp.torch;

namespace Costate;

/// <summary>A run forward with what its gradient method keeps of it, ready to be pulled back.</summary>
internal abstract class GradientTape(SamplingRun run) : IDisposable
{
    /// <summary>The sample. Owned by the tape.</summary>
    internal abstract Tensor Sample { get; }

    /// <summary>How far a state that was reconstructed lies from the one it reconstructs, relative to it; null where nothing is.</summary>
    internal virtual double? ReconstructionDrift => null;

    /// <summary>Pulls a cotangent of the sample back to the inputs of the run. Once only: a tape frees what it no longer needs.</summary>
    internal Cotangents PullBack(Tensor cotangent)
    {
        using var gradients = new ParameterGradients(run.Denoiser.Parameters, run.NetworkType);
        using var buffers = new KeptBuffers(run.Denoiser.Module);
        (Tensor start, Tensor? condition) = PullBack(cotangent, gradients);
        return new Cotangents(start, condition, gradients.Take());
    }

    public abstract void Dispose();

    /// <summary>The cotangents of the start and the condition; products with respect to the parameters are added to their sums.</summary>
    protected abstract (Tensor Start, Tensor? Condition) PullBack(Tensor cotangent, ParameterGradients gradients);
}
