using System.Numerics;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// A <see cref="CompensatedSum"/> of tensors in main memory in one pass over them, without a temporary. A fused multiplication and addition
/// gives the error of a product that Dekker's splitting gives too, since both are exact.
/// </summary>
/// <remarks>Its loops are optimised at their first call: a run is over before the runtime has found out which are called often.</remarks>
internal static class CompensatedPass
{
    // Three blocks of so many numbers stay in the fastest cache while all terms are added.
    private const int Block = 1024;

    /// <summary>Whether all of it lies in main memory, in order, in 64 bits.</summary>
    internal static bool Takes(IReadOnlyList<CompensatedTerm> terms, IReadOnlyList<(Tensor X, double Weight)> increment)
    {
        long count = terms[0].High.numel();
        return terms.All(term => IsPlain(term.High) && (term.Low is null || IsPlain(term.Low))) && increment.All(each => IsPlain(each.X));

        bool IsPlain(Tensor tensor) => tensor.dtype == ScalarType.Float64 && Column.Reaches(tensor) && tensor.numel() == count;
    }

    /// <summary>As <see cref="CompensatedSum.Of"/>.</summary>
    internal static (Tensor High, Tensor Low) Run(
        IReadOnlyList<CompensatedTerm> terms, IReadOnlyList<(Tensor X, double Weight)> increment, double divisor)
    {
        long[] shape = terms[0].High.shape;
        Tensor high = empty(shape, ScalarType.Float64, CPU), low = empty(shape, ScalarType.Float64, CPU);
        (Column<double> High, Column<double>? Low, double Weight)[] columns =
        [
            .. terms.Select(term => (new Column<double>(term.High), ColumnOf(term.Low), term.Weight)),
        ];
        (Column<double> X, double Weight)[] increments = [.. increment.Select(each => (new Column<double>(each.X), each.Weight))];
        (Column<double> allHigh, Column<double> allLow) = (new Column<double>(high), new Column<double>(low));
        Span<double> whole = stackalloc double[Block];
        for (int first = 0; first < allHigh.Count; first += Block)
        {
            Span<double> highs = allHigh.Part(first, Block), lows = allLow.Part(first, Block);
            highs.Clear();
            lows.Clear();
            foreach ((Column<double> x, Column<double>? rest, double weight) in columns)
            {
                AddProduct(highs, lows, x.Part(first, Block), weight);
                if (rest is Column<double> remainder)
                {
                    MultiplyAdd.Onto(lows, remainder.Part(first, Block), weight);
                }
            }

            if (increments.Length > 0)
            {
                Span<double> sum = whole[..highs.Length];
                sum.Clear();
                foreach ((Column<double> x, double weight) in increments)
                {
                    MultiplyAdd.Onto(sum, x.Part(first, Block), weight);
                }

                Add(highs, lows, sum);
            }

            if (divisor != 1)
            {
                Divide(highs, lows, divisor);
            }

            Renormalise(highs, lows);
        }

        return (high, low);
    }

    private static Column<double>? ColumnOf(Tensor? tensor) => tensor is null ? null : new Column<double>(tensor);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddProduct(Span<double> high, Span<double> low, ReadOnlySpan<double> x, double weight)
    {
        var weights = new Vector<double>(weight);
        int i = 0;
        for (; i <= x.Length - Vector<double>.Count; i += Vector<double>.Count)
        {
            var value = new Vector<double>(x[i..]);
            Vector<double> product = value * weights;
            Vector<double> error = Vector.FusedMultiplyAdd(value, weights, -product);
            (Vector<double> sum, Vector<double> rest) = Sum(new Vector<double>(high[i..]), product);
            sum.CopyTo(high[i..]);
            (new Vector<double>(low[i..]) + rest + error).CopyTo(low[i..]);
        }

        for (; i < x.Length; i++)
        {
            double product = x[i] * weight;
            double error = Math.FusedMultiplyAdd(x[i], weight, -product);
            (high[i], double rest) = Sum(high[i], product);
            low[i] = low[i] + rest + error;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(Span<double> high, Span<double> low, ReadOnlySpan<double> x)
    {
        int i = 0;
        for (; i <= x.Length - Vector<double>.Count; i += Vector<double>.Count)
        {
            (Vector<double> sum, Vector<double> rest) = Sum(new Vector<double>(high[i..]), new Vector<double>(x[i..]));
            sum.CopyTo(high[i..]);
            (new Vector<double>(low[i..]) + rest).CopyTo(low[i..]);
        }

        for (; i < x.Length; i++)
        {
            (high[i], double rest) = Sum(high[i], x[i]);
            low[i] += rest;
        }
    }

    // The remainder of the division is exact; only its quotient is rounded.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Divide(Span<double> high, Span<double> low, double divisor)
    {
        var divisors = new Vector<double>(divisor);
        int i = 0;
        for (; i <= high.Length - Vector<double>.Count; i += Vector<double>.Count)
        {
            var value = new Vector<double>(high[i..]);
            Vector<double> quotient = value / divisors;
            Vector<double> product = quotient * divisors;
            Vector<double> error = Vector.FusedMultiplyAdd(quotient, divisors, -product);
            ((value - product - error + new Vector<double>(low[i..])) / divisors).CopyTo(low[i..]);
            quotient.CopyTo(high[i..]);
        }

        for (; i < high.Length; i++)
        {
            double quotient = high[i] / divisor;
            double product = quotient * divisor;
            double error = Math.FusedMultiplyAdd(quotient, divisor, -product);
            low[i] = (high[i] - product - error + low[i]) / divisor;
            high[i] = quotient;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Renormalise(Span<double> high, Span<double> low)
    {
        int i = 0;
        for (; i <= high.Length - Vector<double>.Count; i += Vector<double>.Count)
        {
            (Vector<double> sum, Vector<double> rest) = Sum(new Vector<double>(high[i..]), new Vector<double>(low[i..]));
            sum.CopyTo(high[i..]);
            rest.CopyTo(low[i..]);
        }

        for (; i < high.Length; i++)
        {
            (high[i], low[i]) = Sum(high[i], low[i]);
        }
    }

    // a + b = sum + error.
    private static (Vector<double> Sum, Vector<double> Error) Sum(Vector<double> a, Vector<double> b)
    {
        Vector<double> sum = a + b;
        Vector<double> added = sum - a;
        return (sum, a - (sum - added) + (b - added));
    }

    private static (double Sum, double Error) Sum(double a, double b)
    {
        double sum = a + b;
        double added = sum - a;
        return (sum, a - (sum - added) + (b - added));
    }
}
