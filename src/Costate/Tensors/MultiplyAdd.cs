using System.Numerics;
using System.Runtime.CompilerServices;

namespace Costate;

/// <summary>Adds the products of a column of numbers with a weight to sums, rounded once, as torch's addition with a factor does.</summary>
/// <remarks>Optimised at the first call: a run is over before the runtime has found out which loops are called often.</remarks>
internal static class MultiplyAdd
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Onto(Span<double> sum, ReadOnlySpan<double> x, double weight)
    {
        var weights = new Vector<double>(weight);
        int i = 0;
        for (; i <= x.Length - Vector<double>.Count; i += Vector<double>.Count)
        {
            Vector.FusedMultiplyAdd(new Vector<double>(x[i..]), weights, new Vector<double>(sum[i..])).CopyTo(sum[i..]);
        }

        for (; i < x.Length; i++)
        {
            sum[i] = Math.FusedMultiplyAdd(x[i], weight, sum[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Onto(Span<float> sum, ReadOnlySpan<float> x, float weight)
    {
        var weights = new Vector<float>(weight);
        int i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.FusedMultiplyAdd(new Vector<float>(x[i..]), weights, new Vector<float>(sum[i..])).CopyTo(sum[i..]);
        }

        for (; i < x.Length; i++)
        {
            sum[i] = MathF.FusedMultiplyAdd(x[i], weight, sum[i]);
        }
    }
}
