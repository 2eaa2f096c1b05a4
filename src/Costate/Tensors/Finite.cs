using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Checks that tensors hold numbers, at the cost of one reduction each.</summary>
internal static class Finite
{
    internal static bool Is(Tensor tensor)
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
            throw new InvalidOperationException(
                $"The network returned NaN or infinity at step {at.Interval} (time {at.Time:R}, told {at.NetworkTime:R}) for item "
                    + $"{firstItem + FirstItem(output)}. Check its weights, its dtype (float16 overflows above 65504) and the prediction "
                    + "type.");
        }
    }

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
        Tensor bad = tensor.detach().isfinite().logical_not().reshape(tensor.shape.FirstOrDefault(1), -1).any(1);
        return bad.to(ScalarType.Int64).argmax().item<long>();
    }
}
