using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// A sum of products in twice the working precision, as two words of 64 bits whose sum it is: the compensated dot product of Ogita, Rump
/// and Oishi (2005), with the exact sum of Knuth and the exact product of Dekker (1971).
/// </summary>
/// <remarks>
/// A reversible step undoes additions and divides by a weight, so it amplifies whatever its states lost to rounding. Carried in two words
/// they lose 2^-104 in a step rather than 2^-53, and what the network sees, the high word, comes back bit for bit. The increment of a step
/// needs no second word: it is computed anew from the same numbers, and is the same number. In main memory it is one pass over all
/// states (<see cref="CompensatedPass"/>), elsewhere some 20 for each, to the same bits.
/// </remarks>
internal sealed class CompensatedSum
{
    // 2^27 + 1 parts a number of 53 bits into two of 26, whose products are exact.
    private const double Splitter = (1 << 27) + 1;

    private readonly Tensor high;
    private readonly Tensor low;

    private CompensatedSum(Tensor like)
    {
        high = zeros_like(like);
        low = zeros_like(like);
    }

    /// <summary>The terms and the increment, divided by a number: two words, the low one less than half a unit of the last bit of the
    /// high one, in the caller's dispose scope.</summary>
    /// <param name="terms">At least one.</param>
    /// <param name="increment">A sum of products of one word, which is added as a whole.</param>
    /// <param name="divisor">The divisor. The default value is 1.</param>
    internal static (Tensor High, Tensor Low) Of(
        IReadOnlyList<CompensatedTerm> terms, IReadOnlyList<(Tensor X, double Weight)> increment, double divisor = 1) =>
        CompensatedPass.Takes(terms, increment)
            ? CompensatedPass.Run(terms, increment, divisor)
            : OnAnyDevice(terms, increment, divisor);

    /// <summary>The same by torch's operators.</summary>
    internal static (Tensor High, Tensor Low) OnAnyDevice(
        IReadOnlyList<CompensatedTerm> terms, IReadOnlyList<(Tensor X, double Weight)> increment, double divisor)
    {
        using DisposeScope scope = NewDisposeScope();
        var sum = new CompensatedSum(terms[0].High);
        foreach (CompensatedTerm term in terms)
        {
            sum.Add(term);
        }

        Tensor? whole = null;
        foreach ((Tensor x, double weight) in increment)
        {
            whole = whole.PlusTimes(x, weight);
        }

        if (whole is not null)
        {
            sum.Add(whole);
        }

        if (divisor != 1)
        {
            sum.DivideBy(divisor);
        }

        (Tensor first, Tensor second) = Sum(sum.high, sum.low);
        return (first.MoveToOuterDisposeScope(), second.MoveToOuterDisposeScope());
    }

    private void Add(CompensatedTerm term)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor product, Tensor error) = Product(term.High, term.Weight);
        Add(product);
        low.add_(error);
        if (term.Low is not null)
        {
            low.AddTimes(term.Low, term.Weight);
        }
    }

    private void Add(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor sum, Tensor error) = Sum(high, x);
        high.copy_(sum);
        low.add_(error);
    }

    private void DivideBy(double divisor)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor quotient = high.clone().DivideBy(divisor);
        (Tensor product, Tensor error) = Product(quotient, divisor);

        // The remainder of the division is exact; only its quotient is rounded.
        Tensor rest = (high - product).sub_(error).add_(low).DivideBy(divisor);
        high.copy_(quotient);
        low.copy_(rest);
    }

    // a + b = sum + error.
    private static (Tensor Sum, Tensor Error) Sum(Tensor a, Tensor b)
    {
        Tensor sum = a + b;
        Tensor added = sum - a;
        return (sum, (a - (sum - added)).add_(b - added));
    }

    // x weight = product + error.
    private static (Tensor Product, Tensor Error) Product(Tensor x, double weight)
    {
        double split = Splitter * weight;
        double weightHigh = split - (split - weight);
        double weightLow = weight - weightHigh;
        Tensor xSplit = x.Times(Splitter);
        Tensor xHigh = xSplit - (xSplit - x);
        Tensor xLow = x - xHigh;
        Tensor product = x.Times(weight);
        Tensor error = (xHigh.Times(weightHigh) - product).AddTimes(xHigh, weightLow).AddTimes(xLow, weightHigh).AddTimes(xLow, weightLow);
        return (product, error);
    }
}
