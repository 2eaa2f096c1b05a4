using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>What happens to x_T after a step of an optimisation: noise is added, and its norm set back.</summary>
internal sealed class StartConstraint : IDisposable
{
    private readonly LatentVariables variables;
    private readonly LatentOptimisationOptions options;
    private readonly PerStepNoise noise;
    private readonly Tensor? norms;

    internal StartConstraint(LatentVariables variables, Tensor begin, LatentOptimisationOptions options)
    {
        (this.variables, this.options) = (variables, options);
        options.InjectedNoiseSeeds.Check(nameof(options.InjectedNoiseSeeds), variables.Batch);
        noise = new PerStepNoise(options.InjectedNoiseSeeds);
        norms = options.KeepStartNorm && variables.StartOf(begin) is Tensor start ? Norms(start).DetachFromDisposeScope() : null;
    }

    /// <summary>Changes rows in place.</summary>
    internal void Apply(Tensor rows, int iteration)
    {
        using DisposeScope scope = NewDisposeScope();
        if (variables.StartOf(rows) is not Tensor start)
        {
            return;
        }

        if (options.InjectedNoise > 0)
        {
            start.AddTimes(noise.Draw(iteration, start.shape, start.dtype, start.device), options.InjectedNoise);
        }

        if (norms is not null)
        {
            // A start that is 0 has no direction to be scaled along.
            Tensor its = Norms(start);
            start.mul_(where(its.eq(0), ones_like(its), norms.div(its)));
        }
    }

    public void Dispose() => norms?.Dispose();

    private static Tensor Norms(Tensor start) => start.to(ScalarType.Float64).square().sum([1L], keepdim: true).sqrt().to(start.dtype);
}
