using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Products of tensors with real numbers.</summary>
/// <remarks>
/// A TorchSharp <see cref="Scalar"/> is a native object with a finalizer, and the native call that reads it does not keep it alive. Made by
/// an implicit conversion it can be freed during the call ("Unknown scalar type", or a wrong number); held and disposed, it cannot.
/// An addition without a factor makes one as well.
/// </remarks>
internal static class Scaling
{
    /// <summary>A new tensor, <c>factor x</c>.</summary>
    internal static Tensor Times(this Tensor x, double factor)
    {
        using Scalar scalar = factor;
        return x.mul(scalar);
    }

    /// <summary>Adds <c>factor x</c> to a tensor in place, and returns it.</summary>
    internal static Tensor AddTimes(this Tensor sum, Tensor x, double factor)
    {
        using Scalar scalar = factor;
        return sum.add_(x, scalar);
    }

    /// <summary><c>factor x</c>, added in place to a sum that has begun.</summary>
    internal static Tensor PlusTimes(this Tensor? sum, Tensor x, double factor) => sum is null ? x.Times(factor) : sum.AddTimes(x, factor);

    /// <summary>Divides a tensor in place, and returns it.</summary>
    internal static Tensor DivideBy(this Tensor x, double divisor)
    {
        using Scalar scalar = divisor;
        return x.div_(scalar);
    }
}
