using static TorchSharp.torch;

namespace Costate;

/// <summary>A run forward with what its gradient method keeps of it, ready to be pulled back.</summary>
internal abstract class GradientTape(SamplingRun run) : IDisposable
{
    /// <summary>The sample. Owned by the tape.</summary>
    internal abstract Tensor Sample { get; }

    /// <summary>How far a state that was reconstructed lies from the one it reconstructs, relative to it; null where nothing is.</summary>
    internal virtual double? ReconstructionDrift => null;

    /// <summary>The run that was recorded.</summary>
    protected SamplingRun Run => run;

    /// <summary>Pulls a cotangent of the sample back to the inputs of the run. Once only: a tape frees what it no longer needs.</summary>
    internal Cotangents PullBack(Tensor cotangent)
    {
        using var seeds = new Seeds();
        return PullBack(seeds, cotangent);
    }

    /// <summary>The same of a cotangent of the sample and of others on the way.</summary>
    internal virtual Cotangents PullBack(Seeds seeds, Tensor cotangent)
    {
        Seeds.Add(seeds.States, run.Table.SampleRow, cotangent);
        using var gradients = new ParameterGradients(run.Denoiser.Parameters, run.NetworkType);
        using var buffers = new KeptBuffers(run.Denoiser.Module);
        return PullBack(seeds, gradients) with { Parameters = gradients.Take() };
    }

    public abstract void Dispose();

    /// <summary>All cotangents but those of the parameters, whose products are added to their sums.</summary>
    protected abstract Cotangents PullBack(Seeds seeds, ParameterGradients gradients);
}
