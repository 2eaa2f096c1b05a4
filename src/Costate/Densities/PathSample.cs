using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Samples of a stochastic sampler with what stands for their density in a weight: the density of the whole path over that of the forward
/// process back along it.
/// </summary>
public sealed class PathSample : TensorResult
{
    internal PathSample(Tensor sample, Tensor logDensity, Tensor increments) =>
        (Sample, LogDensity, Increments) = (sample, logDensity, increments);

    /// <summary>The samples, in the shape of x_T.</summary>
    public Tensor Sample { get; }

    /// <summary>
    /// The log-density of x_T less the sum of <see cref="Increments"/>, [batch], in 64 bits. Not a density of the sample, but in its place:
    /// with <c>log pi(sample) - LogDensity</c> as logarithm, the mean weight is the integral of pi at any number of steps.
    /// </summary>
    public Tensor LogDensity { get; }

    /// <summary>
    /// Of each step from x_t to x_s the logarithm of the forward process's density of x_t given x_s over the sampler's of x_s given what
    /// came before, [steps, batch], in 64 bits.
    /// </summary>
    public Tensor Increments { get; }

    private protected override IEnumerable<Tensor?> Tensors => [Sample, LogDensity, Increments];
}
