using static TorchSharp.torch;

namespace Costate;

/// <summary>A sample, and how it changes as what it is made from moves along a direction.</summary>
public sealed class SampleTangent : TensorResult
{
    internal SampleTangent(Tensor sample, Tensor tangent, GradientCost cost) => (Sample, Tangent, Cost) = (sample, tangent, cost);

    /// <summary>The sample, in the shape of x_T.</summary>
    public Tensor Sample { get; }

    /// <summary>The derivative of the sample along the direction, J v, in the shape of x_T.</summary>
    public Tensor Tangent { get; }

    /// <summary>What it cost; a product with the network's Jacobian counts as one.</summary>
    public GradientCost Cost { get; }

    private protected override IEnumerable<Tensor?> Tensors => [Sample, Tangent];
}
