using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

internal sealed class AdamState(Tensor rates, double beta1, double beta2) : OptimiserState
{
    private ElementwiseAdam? adam;

    internal override Tensor Next(
        Tensor point, double[] losses, Tensor gradient, bool[] running, Func<Tensor, Tensor>? curvature)
    {
        using DisposeScope scope = NewDisposeScope();
        adam ??= new ElementwiseAdam(point, learningRate: 1, beta1, beta2);
        Tensor step = zeros_like(point, requires_grad: false);
        adam.Step(step, gradient);
        return step.mul_(rates).add_(point).MoveToOuterDisposeScope();
    }

    public override void Dispose() => adam?.Dispose();
}
