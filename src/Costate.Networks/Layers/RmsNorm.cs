using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Vectors divided by the root of their mean square, and scaled (Zhang and Sennrich 2019).</summary>
/// <param name="width">Width of the vectors.</param>
/// <param name="eps">What is added to the mean square.</param>
/// <param name="device">Where it is made.</param>
internal sealed class RmsNorm(int width, double eps, Device? device) : WeightLayer(nameof(RmsNorm), ones(width, device: device))
{
    /// <summary>Of vectors [..., width], whose mean square is taken in 32 bits or more; the result has the weight's dtype.</summary>
    internal Tensor Forward(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor wide = x.to(Precision.AtLeastSingle(x.dtype));
        Tensor normalised = wide * wide.square().mean([-1], keepdim: true).add_(eps).rsqrt_();
        return (normalised.to(Weight.dtype) * Weight).MoveToOuterDisposeScope();
    }
}
