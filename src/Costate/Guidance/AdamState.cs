using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

internal sealed class AdamState(Tensor rates, double beta1, double beta2, double epsilon) : OptimiserState
{
    private int steps;
    private Tensor? mean;
    private Tensor? meanSquare;

    internal override Tensor Next(Tensor point, double[] losses, Tensor gradient, bool[] running)
    {
        using DisposeScope scope = NewDisposeScope();
        steps++;
        mean = Averaged(mean, gradient, beta1);
        meanSquare = Averaged(meanSquare, gradient.square(), beta2);
        using Scalar small = epsilon;
        Tensor root = meanSquare.Times(1 / (1 - Math.Pow(beta2, steps))).sqrt_().add_(small);
        Tensor step = mean.Times(1 / (1 - Math.Pow(beta1, steps))).div_(root).mul_(rates);
        return point.sub(step).MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        mean?.Dispose();
        meanSquare?.Dispose();
    }

    // From zero, which the corrections above make up for.
    private static Tensor Averaged(Tensor? average, Tensor value, double beta)
    {
        Tensor next = value.Times(1 - beta);
        if (average is not null)
        {
            next.AddTimes(average, beta);
            average.Dispose();
        }

        return next.DetachFromDisposeScope();
    }
}
