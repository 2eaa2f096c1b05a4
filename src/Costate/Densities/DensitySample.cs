using static TorchSharp.torch;

namespace Costate;

/// <summary>Samples with the density that the sampler gives them.</summary>
/// <remarks>
/// A deterministic sampler is a map F of x_T, and where F is injective x_0 = F(x_T) has the density <c>p(x_T)/|det dF/dx_T|</c>, exactly,
/// whatever the network and however few the steps.
/// </remarks>
public sealed class DensitySample : TensorResult
{
    internal DensitySample(Tensor sample, Tensor logDensity, Tensor logDeterminant, Tensor sign, GradientCost cost)
    {
        (Sample, LogDensity, LogDeterminant, Sign, Cost) = (sample, logDensity, logDeterminant, sign, cost);
        using Tensor signs = sign.cpu();
        Folded = [.. signs.data<double>().ToArray().Index().Where(each => each.Item < 0).Select(each => each.Index)];
    }

    /// <summary>The samples, in the shape of x_T.</summary>
    public Tensor Sample { get; }

    /// <summary>log q of each sample, [batch], in 64 bits: the log-density of x_T less <see cref="LogDeterminant"/>.</summary>
    public Tensor LogDensity { get; }

    /// <summary><c>log|det dx_0/dx_T|</c> of each item, [batch], in 64 bits.</summary>
    public Tensor LogDeterminant { get; }

    /// <summary>The sign of that determinant, [batch]: 1, or -1 where the map is folded.</summary>
    public Tensor Sign { get; }

    /// <summary>
    /// The items whose determinant is negative. There the sampler has turned space inside out on its way, so other starts lead to the same
    /// sample, and <see cref="LogDensity"/> counts one of them: with some per cent of such items the mean weight is off by as much. Take
    /// more steps.
    /// </summary>
    public IReadOnlyList<int> Folded { get; }

    /// <summary>What it cost.</summary>
    public GradientCost Cost { get; }

    private protected override IEnumerable<Tensor?> Tensors => [Sample, LogDensity, LogDeterminant, Sign];
}
