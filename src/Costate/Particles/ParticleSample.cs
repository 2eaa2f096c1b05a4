using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Weighted samples of each problem, and how they came about.</summary>
public sealed class ParticleSample : TensorResult
{
    internal ParticleSample(
        Tensor sample, Tensor logWeights, IReadOnlyList<double> logZ, IReadOnlyList<ParticleStep> steps, GradientCost cost)
    {
        (Sample, LogWeights, LogZ, Steps, Cost) = (sample, logWeights, logZ, steps, cost);
    }

    /// <summary>The samples, [batch, particles, ...]. They have weights: <see cref="Resampled"/> has equal ones.</summary>
    public Tensor Sample { get; }

    /// <summary>The logarithms of their weights since they were last resampled, [batch, particles], in 64 bits.</summary>
    public Tensor LogWeights { get; }

    /// <summary>
    /// The logarithm of the normalising constant of each problem: of a posterior the evidence p(y). Exact for the discretised chain as
    /// particles grow, not for the model. It is the diagnostic: the effective size looks as well where all particles missed the mode.
    /// </summary>
    public IReadOnlyList<double> LogZ { get; }

    /// <summary>What happened at each step, in order.</summary>
    public IReadOnlyList<ParticleStep> Steps { get; }

    /// <summary>What it cost.</summary>
    public GradientCost Cost { get; }

    private protected override IEnumerable<Tensor?> Tensors => [Sample, LogWeights];

    /// <summary>The final weights of a problem.</summary>
    /// <param name="problem">Its number in the batch.</param>
    public ImportanceWeights Weights(int problem)
    {
        using Tensor its = LogWeights[problem];
        return new ImportanceWeights(its);
    }

    /// <summary>Samples of equal weight, [batch, particles, ...], by systematic resampling.</summary>
    /// <param name="seed">The seed. The default value is 0.</param>
    public Tensor Resampled(ulong seed = 0)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] all =
        [
            .. Enumerable.Range(0, LogZ.Count).Select(problem =>
                Sample[problem].index_select(0, tensor(Weights(problem).Resample(seed: seed ^ (ulong)problem), device: Sample.device))),
        ];
        return stack(all).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The genealogy of a problem, [steps + 1][particles]: which particle of each grid point each sample descends from, the sample itself
    /// last.
    /// </summary>
    /// <param name="problem">Its number in the batch.</param>
    public IReadOnlyList<IReadOnlyList<long>> Genealogy(int problem)
    {
        long[] at = [.. Enumerable.Range(0, checked((int)Sample.shape[1])).Select(particle => (long)particle)];
        List<IReadOnlyList<long>> points = [at];
        foreach (ParticleStep step in Steps.Reverse())
        {
            at = step.Ancestors[problem] is IReadOnlyList<long> ancestors ? [.. at.Select(particle => ancestors[(int)particle])] : at;
            points.Insert(0, at);
        }

        return points;
    }
}
