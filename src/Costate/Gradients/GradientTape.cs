using static TorchSharp.torch;

namespace Costate;

/// <summary>A run forward with what its gradient method keeps of it, ready to be pulled back.</summary>
internal abstract class GradientTape : IDisposable
{
    /// <summary>The sample. Owned by the tape.</summary>
    internal abstract Tensor Sample { get; }

    /// <summary>How far a state that was reconstructed lies from the one it reconstructs, relative to it; null where nothing is.</summary>
    internal virtual double? ReconstructionDrift => null;

    /// <summary>Pulls a cotangent of the sample back to the inputs of the run. Once only: a tape frees what it no longer needs.</summary>
    internal Cotangents PullBack(Tensor cotangent)
    {
        using var seeds = new Seeds();
        return PullBack(seeds, cotangent);
    }

    /// <summary>The same of a cotangent of the sample and of others on the way.</summary>
    internal abstract Cotangents PullBack(Seeds seeds, Tensor cotangent);

    public abstract void Dispose();
}
