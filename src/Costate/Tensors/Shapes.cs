using static TorchSharp.torch;

namespace Costate;

/// <summary>Shapes compared, and as error messages print them.</summary>
internal static class Shapes
{
    /// <summary>
    /// Whether two tensors have the same shape. Asks for one size at a time: <c>shape</c> makes an array each time, and this is done at
    /// every network evaluation.
    /// </summary>
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
