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
/// needs no second word: it is computed anew from the same numbers, and is the same number. About 20 passes over a state for each state
/// of a sum, which is little beside a network.
/// </remarks>
internal sealed class CompensatedSum
{
    // 2^27 + 1 parts a number of 53 bits into two of 26, whose products are exact.
    private const double Splitter = (1 << 27) + 1;

    private readonly Tensor high;
    private readonly Tensor low;

    /// <summary>Begins with a number in two words; the low one may be absent. Everything lives in the caller's dispose scope.</summary>
    internal CompensatedSum(Tensor high, Tensor? low)
    {
        this.high = high.clone();
        this.low = low?.clone() ?? zeros_like(high);
    }

    /// <summary>Adds <c>weight (x + remainder)</c>.</summary>
    internal void Add(Tensor x, Tensor? remainder, double weight)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor product, Tensor error) = Product(x, weight);
        Add(product);
        low.add_(error);
        if (remainder is not null)
        {
            low.AddTimes(remainder, weight);
        }
    }

    /// <summary>Adds a number of one word.</summary>
    internal void Add(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor sum, Tensor error) = Sum(high, x);
        high.copy_(sum);
        low.add_(error);
    }

    /// <summary>Divides by a number.</summary>
    internal void DivideBy(double divisor)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor quotient = high.clone().DivideBy(divisor);
        (Tensor product, Tensor error) = Product(quotient, divisor);

        // The remainder of the division is exact; only its quotient is rounded.
        Tensor rest = (high - product).sub_(error).add_(low).DivideBy(divisor);
        high.copy_(quotient);
        low.copy_(rest);
    }

    /// <summary>The two words, the low one less than half a unit of the last bit of the high one.</summary>
    internal (Tensor High, Tensor Low) Words() => Sum(high, low);

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
