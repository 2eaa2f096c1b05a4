using System.Numerics;
using TorchSharp;
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
    internal static Tensor? Of(params IReadOnlyList<(Tensor X, double Weight)> terms) => terms switch
    {
        [] => null,
        _ when Takes(terms, ScalarType.Float32) => Run<float>(
            terms, ScalarType.Float32, (sum, x, weight) => MultiplyAdd.Onto(sum, x, (float)weight)),
        _ when Takes(terms, ScalarType.Float64) => Run<double>(terms, ScalarType.Float64, MultiplyAdd.Onto),
        _ => OnAnyDevice(terms),
    };

    /// <summary>The same by torch's operators.</summary>
    internal static Tensor OnAnyDevice(IReadOnlyList<(Tensor X, double Weight)> terms)
    {
        Tensor sum = terms[0].X.Times(terms[0].Weight);
        foreach ((Tensor x, double weight) in terms.Skip(1))
        {
            sum.AddTimes(x, weight);
        }

        return sum;
    }

    private static bool Takes(IReadOnlyList<(Tensor X, double Weight)> terms, ScalarType dtype)
    {
        long count = terms[0].X.numel();
        return terms.All(term =>
            term.X.device_type == DeviceType.CPU
            && term.X.dtype == dtype
            && !term.X.requires_grad
            && term.X.is_contiguous()
            && term.X.numel() == count);
    }

    private static Tensor Run<T>(
        IReadOnlyList<(Tensor X, double Weight)> terms, ScalarType dtype, Action<Span<T>, ReadOnlySpan<T>, double> add)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Tensor sum = empty(terms[0].X.shape, dtype);
        var sums = new Column<T>(sum);
        (Column<T> X, double Weight)[] columns = [.. terms.Select(term => (new Column<T>(term.X), term.Weight))];
        for (long first = 0; first < sum.numel(); first += Block)
        {
            Span<T> part = sums.Part(first, Block);
            part.Fill(T.NegativeZero);
            foreach ((Column<T> x, double weight) in columns)
            {
                add(part, x.Part(first, Block), weight);
            }
        }

        return sum;
    }
}
