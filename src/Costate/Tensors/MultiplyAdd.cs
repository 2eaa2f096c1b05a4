using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Costate;

/// <summary>Adds the products of a column of numbers with a weight to sums, rounded once, as torch's addition with a factor does.</summary>
/// <remarks>Optimised at the first call: a run is over before the runtime has found out which loops are called often.</remarks>
internal static class MultiplyAdd
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Onto(Span<double> sum, ReadOnlySpan<double> x, double weight)
    {
        // A slice for each vector would take as long as its sum.
        ref double sums = ref MemoryMarshal.GetReference(sum), xs = ref MemoryMarshal.GetReference(x[..sum.Length]);
        var weights = new Vector<double>(weight);
        int i = 0;
        for (; i <= sum.Length - Vector<double>.Count; i += Vector<double>.Count)
        {
            nuint at = (nuint)i;
            Vector.FusedMultiplyAdd(Vector.LoadUnsafe(ref xs, at), weights, Vector.LoadUnsafe(ref sums, at)).StoreUnsafe(ref sums, at);
        }

        for (; i < sum.Length; i++)
        {
            sum[i] = Math.FusedMultiplyAdd(x[i], weight, sum[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Onto(Span<float> sum, ReadOnlySpan<float> x, float weight)
    {
        ref float sums = ref MemoryMarshal.GetReference(sum), xs = ref MemoryMarshal.GetReference(x[..sum.Length]);
        var weights = new Vector<float>(weight);
        int i = 0;
        for (; i <= sum.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            nuint at = (nuint)i;
            Vector.FusedMultiplyAdd(Vector.LoadUnsafe(ref xs, at), weights, Vector.LoadUnsafe(ref sums, at)).StoreUnsafe(ref sums, at);
        }

        for (; i < sum.Length; i++)
        {
            sum[i] = MathF.FusedMultiplyAdd(x[i], weight, sum[i]);
        }
    }
}
