using static TorchSharp.torch;

namespace Costate;

/// <summary>Shapes asked for and compared at every network evaluation, and as error messages print them.</summary>
/// <remarks>One size at a time: <c>shape</c> has native code call back for its array, and takes five times as long.</remarks>
internal static class Shapes
{
    /// <summary>What <c>shape</c> is.</summary>
    internal static long[] Of(Tensor tensor)
    {
        long[] sizes = new long[tensor.dim()];
        for (int d = 0; d < sizes.Length; d++)
        {
            sizes[d] = tensor.size(d);
        }

        return sizes;
    }

    /// <summary>Whether two tensors have the same shape.</summary>
    internal static bool Equal(Tensor a, Tensor b)
    {
        long dimensions = a.dim();
        bool equal = b.dim() == dimensions;
        for (int d = 0; equal && d < dimensions; d++)
        {
            equal = a.size(d) == b.size(d);
        }

        return equal;
    }

    internal static string Text(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";
}
