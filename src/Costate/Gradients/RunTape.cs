using static TorchSharp.torch;

namespace Costate;

/// <summary>The tape of one run through one table.</summary>
internal abstract class RunTape(SamplingRun run) : GradientTape
{
    /// <summary>The run that was recorded.</summary>
    protected SamplingRun Run => run;

    internal override Cotangents PullBack(Seeds seeds, Tensor cotangent)
    {
        Seeds.Add(seeds.States, run.Table.SampleRow, cotangent);
        using var gradients = new ParameterGradients(run.Denoiser.Parameters, run.NetworkType);
        using var buffers = new KeptBuffers(run.Denoiser.Module);
        return run.Outputs.During(() => PullBack(seeds, gradients)) with { Parameters = gradients.Take() };
    }

    /// <summary>All cotangents but those of the parameters, whose products are added to their sums.</summary>
    protected abstract Cotangents PullBack(Seeds seeds, ParameterGradients gradients);
}
