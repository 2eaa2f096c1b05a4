using static TorchSharp.torch;

namespace Costate;

/// <summary>The likelihood of data under a model.</summary>
public sealed class DataLikelihood : TensorResult
{
    internal DataLikelihood(Tensor logDensity, Tensor standardError, Tensor startNoise, Tensor logDeterminant, GradientCost cost)
    {
        (LogDensity, StandardError, StartNoise, LogDeterminant, Cost) = (logDensity, standardError, startNoise, logDeterminant, cost);
    }

    /// <summary>log p of each item, [batch], in 64 bits.</summary>
    public Tensor LogDensity { get; }

    /// <summary>The standard error of <see cref="LogDensity"/> that the probes leave, [batch]: 0 where it is exact, NaN with one
    /// probe.</summary>
    public Tensor StandardError { get; }

    /// <summary>The noise that the data are carried to, x_T, in the shape of the data.</summary>
    public Tensor StartNoise { get; }

    /// <summary><c>log|det dx_T/dx_0|</c>, [batch], in 64 bits.</summary>
    public Tensor LogDeterminant { get; }

    /// <summary>
    /// The gradient of <see cref="LogDensity"/> with respect to the data, in their shape; null unless
    /// <see cref="LikelihoodOptions.Gradient"/> asked for it.
    /// </summary>
    public Tensor? Gradient { get; internal init; }

    /// <summary>What it cost.</summary>
    public GradientCost Cost { get; }

    private protected override IEnumerable<Tensor?> Tensors => [LogDensity, StandardError, StartNoise, LogDeterminant, Gradient];
}
