using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Adam (Kingma and Ba 2015), entry by entry, so that an item of a batch does not depend on the others. Keeps two moments, in at least 32
/// bits, since its epsilon is 0 in 16; dispose it.
/// </summary>
internal sealed class ElementwiseAdam : IDisposable
{
    private const double Epsilon = 1e-8;

    private readonly double learningRate;
    private readonly double beta1;
    private readonly double beta2;
    private readonly Tensor mean;
    private readonly Tensor square;
    private int steps;

    internal ElementwiseAdam(Tensor like, double learningRate, double beta1, double beta2)
    {
        (this.learningRate, this.beta1, this.beta2) = (learningRate, beta1, beta2);
        ScalarType dtype = Precision.AtLeastSingle(like.dtype);
        mean = zeros_like(like, dtype, requires_grad: false).DetachFromDisposeScope();
        square = zeros_like(like, dtype, requires_grad: false).DetachFromDisposeScope();
    }

    /// <summary>Moves a tensor in place against a gradient.</summary>
    internal void Step(Tensor values, Tensor gradient)
    {
        using DisposeScope scope = NewDisposeScope();
        steps++;
        gradient = gradient.to(mean.dtype);
        Scale(mean, beta1).AddTimes(gradient, 1 - beta1);
        Scale(square, beta2).AddTimes(gradient.square(), 1 - beta2);
        using Scalar epsilon = Epsilon;
        Tensor scale = square.sqrt().DivideBy(Math.Sqrt(1 - Math.Pow(beta2, steps))).add_(epsilon);
        values.AddTimes(mean.div(scale), -learningRate / (1 - Math.Pow(beta1, steps)));
    }

    public void Dispose()
    {
        mean.Dispose();
        square.Dispose();
    }

    private static Tensor Scale(Tensor x, double factor)
    {
        using Scalar scalar = factor;
        return x.mul_(scalar);
    }
}
