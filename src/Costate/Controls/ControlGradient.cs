using static TorchSharp.torch;

namespace Costate;

/// <summary>A sample drawn under controls, its loss, and the gradient of the loss with respect to them.</summary>
public sealed class ControlGradient : TensorResult
{
    internal ControlGradient(Tensor loss, Tensor sample, Tensor controls, GradientCost cost)
    {
        (Loss, Sample, Controls, Cost) = (loss, sample, controls, cost);
    }

    /// <summary>The loss of each item, [batch].</summary>
    public Tensor Loss { get; }

    /// <summary>The sample, in the shape of x_T.</summary>
    public Tensor Sample { get; }

    /// <summary>dL/du, [steps, batch, ...].</summary>
    public Tensor Controls { get; }

    /// <summary>What it cost.</summary>
    public GradientCost Cost { get; }

    private protected override IEnumerable<Tensor?> Tensors => [Loss, Sample, Controls];
}
