using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

internal sealed class GradientDescentState(Tensor rates, double momentum, double? clip) : OptimiserState
{
    private Tensor? velocity;

    internal override Tensor Next(
        Tensor point, double[] losses, Tensor gradient, bool[] running, Func<Tensor, Tensor>? curvature)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor step = gradient.mul(rates);
        if (clip is double most)
        {
            using Scalar low = -most;
            using Scalar high = most;
            step = step.clamp(low, high);
        }

        if (momentum > 0)
        {
            Tensor sum = velocity is null ? step : velocity.Times(momentum).add_(step);
            velocity?.Dispose();
            velocity = sum.DetachFromDisposeScope();
        }

        return point.sub(velocity ?? step).MoveToOuterDisposeScope();
    }

    public override void Dispose() => velocity?.Dispose();
}
