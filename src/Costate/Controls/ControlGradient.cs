using static TorchSharp.torch;

namespace Costate;

/// <summary>A sample drawn under controls, its loss, and the gradient of the loss with respect to them.</summary>
/// <remarks>The tensors belong to the caller's dispose scope; without one, dispose this object.</remarks>
public sealed class ControlGradient : IDisposable
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

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        Loss.Dispose();
        Sample.Dispose();
        Controls.Dispose();
    }

    internal ControlGradient MoveToOuterDisposeScope()
    {
        Loss.MoveToOuterDisposeScope();
        Sample.MoveToOuterDisposeScope();
        Controls.MoveToOuterDisposeScope();
        return this;
    }
}
