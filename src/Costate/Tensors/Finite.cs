using System.Numerics;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Checks that tensors hold numbers, at the cost of one pass over each.</summary>
internal static class Finite
{
    private const int Block = 1 << 20;

    internal static bool Is(Tensor tensor) => Column.Reaches(tensor)
        ? tensor.dtype switch
        {
            ScalarType.Float32 => InMainMemory<float>(tensor),
            ScalarType.Float64 => InMainMemory<double>(tensor),
            _ => OnAnyDevice(tensor),
        }
        : OnAnyDevice(tensor);

    /// <summary>The same by torch's operators: on other devices than the processor it waits for the answer.</summary>
    internal static bool OnAnyDevice(Tensor tensor)
    {
        // A sum is NaN or infinite if any entry is. One in 64 bits cannot overflow from 32-bit entries, but is slower: where it matters.
        using IDisposable noGraph = no_grad();
        using Tensor quick = tensor.sum();
        if (double.IsFinite(quick.ToDouble()))
        {
            return true;
        }

        using Tensor sum = tensor.sum(ScalarType.Float64);
        return double.IsFinite(sum.ToDouble());
    }

    internal static void CheckOutput(Tensor output, EvaluationPoint at, int firstItem)
    {
        if (!Is(output))
        {
            throw NoNumber(at, firstItem + FirstItem(output));
        }
    }

    /// <summary>The refusal of an output for an item.</summary>
    internal static InvalidOperationException NoNumber(EvaluationPoint at, long item) => new(
        $"The network returned NaN or infinity at step {at.Interval} (time {at.Time:R}, told {at.NetworkTime:R}) for item {item}. "
            + "Check its weights, its dtype (float16 overflows above 65504) and the prediction type.");

    /// <summary>Whether each item holds numbers alone, [batch]. Waits for nothing.</summary>
    internal static Tensor ByItem(Tensor tensor) =>
        tensor.detach().isfinite().reshape(tensor.dim() == 0 ? 1 : tensor.size(0), -1).all(1);

    internal static void CheckInput(Tensor input, string name)
    {
        if (input.is_floating_point() && !Is(input))
        {
            throw new ArgumentException($"Got NaN or infinity in {name}, item {FirstItem(input)}; it must be finite.", name);
        }
    }

    private static long FirstItem(Tensor tensor)
    {
        using IDisposable scope = NewDisposeScope();
        return ByItem(tensor).logical_not().to(ScalarType.Int64).argmax().item<long>();
    }

    private static bool InMainMemory<T>(Tensor tensor)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var all = new Column<T>(tensor);
        bool finite = true;
        for (int first = 0; finite && first < all.Count; first += Block)
        {
            finite = Are<T>(all.Part(first, Block));
        }

        GC.KeepAlive(tensor);
        return finite;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool Are<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var infinity = new Vector<T>(T.PositiveInfinity);
        Vector<T> finite = Vector<T>.AllBitsSet;
        int i = 0;
        for (; i <= values.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            finite &= Vector.LessThan(Vector.Abs(new Vector<T>(values[i..])), infinity);
        }

        bool all = finite.As<T, byte>() == Vector<byte>.AllBitsSet;
        for (; i < values.Length; i++)
        {
            all &= T.IsFinite(values[i]);
        }

        return all;
    }
}
