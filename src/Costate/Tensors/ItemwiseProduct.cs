using System.Numerics;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Inner products item by item, in 64 bits.</summary>
/// <remarks>
/// Torch's sums over the few numbers of an item take longer than all else that is done for a particle: in main memory it is a loop.
/// </remarks>
internal static class ItemwiseProduct
{
    /// <summary><c>sum(a b)</c> of each item, [batch] in 64 bits, in the caller's dispose scope.</summary>
    /// <param name="a">[batch, ...].</param>
    /// <param name="b">In its shape and dtype.</param>
    internal static Tensor Of(Tensor a, Tensor b)
    {
        bool Are(ScalarType dtype) => Column.Holds(a, dtype) && Column.Holds(b, dtype);
        return Are(ScalarType.Float32) ? InMainMemory<float>(a, b)
            : Are(ScalarType.Float64) ? InMainMemory<double>(a, b)
            : OnAnyDevice(a, b);
    }

    /// <summary>The same by torch's operators.</summary>
    internal static Tensor OnAnyDevice(Tensor a, Tensor b) =>
        (a.to(ScalarType.Float64) * b.to(ScalarType.Float64)).reshape(a.shape[0], -1).sum([1L]);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Tensor InMainMemory<T>(Tensor a, Tensor b)
        where T : unmanaged, INumberBase<T>
    {
        int batch = checked((int)a.shape[0]), size = checked((int)(a.numel() / batch));
        Tensor products = empty(batch, ScalarType.Float64, CPU);
        (Column<T> left, Column<T> right, Column<double> sums) = (new(a), new(b), new(products));
        for (int item = 0; item < batch; item++)
        {
            ReadOnlySpan<T> x = left.Part(item * size, size), y = right.Part(item * size, size);
            double sum = 0;
            for (int i = 0; i < x.Length; i++)
            {
                sum += double.CreateTruncating(x[i]) * double.CreateTruncating(y[i]);
            }

            sums.Part(item, 1)[0] = sum;
        }

        GC.KeepAlive(a);
        GC.KeepAlive(b);
        return products;
    }
}
