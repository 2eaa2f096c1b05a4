using System.Numerics;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// A sum of tensors with weights. In main memory it is one pass over all of them, elsewhere (and in 16 bits, or out of order) an addition
/// in place for each, to the same bits; neither makes a temporary.
/// </summary>
/// <remarks>Tensors that need a graph take the additions, which have one.</remarks>
internal static class WeightedSum
{
    // The sums of so many numbers stay in the fastest cache while all terms are added.
    private const int Block = 1024;

    /// <summary>The sum, a new tensor in the caller's dispose scope; null of no terms.</summary>
    internal static Tensor? Of(params ReadOnlySpan<(Tensor X, double Weight)> terms)
    {
        if (terms.Length == 0)
        {
            return null;
        }

        return AllAre(ScalarType.Float32, terms)
            ? Run<float>(terms, ScalarType.Float32, static (sum, x, weight) => MultiplyAdd.Onto(sum, x, (float)weight))
            : AllAre(ScalarType.Float64, terms) ? Run<double>(terms, ScalarType.Float64, MultiplyAdd.Onto) : OnAnyDevice(terms);
    }

    /// <summary>The same by torch's operators.</summary>
    internal static Tensor OnAnyDevice(ReadOnlySpan<(Tensor X, double Weight)> terms)
    {
        Tensor sum = terms[0].X.Times(terms[0].Weight);
        foreach ((Tensor x, double weight) in terms[1..])
        {
            sum.AddTimes(x, weight);
        }

        return sum;
    }

    private static bool AllAre(ScalarType dtype, ReadOnlySpan<(Tensor X, double Weight)> terms)
    {
        foreach ((Tensor x, _) in terms)
        {
            if (!Column.Holds(x, dtype))
            {
                return false;
            }
        }

        return true;
    }

    private static Tensor Run<T>(
        ReadOnlySpan<(Tensor X, double Weight)> terms, ScalarType dtype, Action<Span<T>, ReadOnlySpan<T>, double> add)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var columns = new Column<T>[terms.Length];
        for (int i = 0; i < columns.Length; i++)
        {
            columns[i] = new Column<T>(terms[i].X);
            if (columns[i].Count != columns[0].Count)
            {
                return OnAnyDevice(terms);
            }
        }

        Tensor sum = empty(Shapes.Of(terms[0].X), dtype, CPU);
        var sums = new Column<T>(sum);
        for (int first = 0; first < sums.Count; first += Block)
        {
            Span<T> part = sums.Part(first, Block);
            part.Fill(T.NegativeZero);
            for (int i = 0; i < columns.Length; i++)
            {
                add(part, columns[i].Part(first, Block), terms[i].Weight);
            }
        }

        return sum;
    }
}
