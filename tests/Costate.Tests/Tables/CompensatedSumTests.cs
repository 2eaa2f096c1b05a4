using System.Numerics;
using static TorchSharp.torch;

namespace Costate.Tests.Tables;

public sealed class CompensatedSumTests
{
    // More than a block, and no multiple of any vector.
    private const int Count = 2500 + 3;

    public static TheoryData<int, bool, bool, double> Cases => new()
    {
        { 1, false, false, 1 },
        { 2, true, true, 1 },
        { 3, true, true, 0.999 },
        { 3, false, true, -1.7 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void OnePass_HasTheBitsOfTorchsOperators(int count, bool hasLow, bool hasIncrement, double divisor)
    {
        using var scope = NewDisposeScope();
        CompensatedTerm[] terms = [.. Enumerable.Range(0, count).Select(i => Term(i, hasLow))];
        (Tensor, double)[] increment = hasIncrement ? [(Drawn(90), 0.7), (Drawn(91), -0.2), (Drawn(92), 1e-3)] : [];
        Assert.True(CompensatedPass.Takes(terms, increment));
        (Tensor high, Tensor low) = CompensatedPass.Run(terms, increment, divisor);
        (Tensor expectedHigh, Tensor expectedLow) = CompensatedSum.OnAnyDevice(terms, increment, divisor);
        Assert.Equal(expectedHigh.data<double>().ToArray(), high.data<double>().ToArray());
        Assert.Equal(expectedLow.data<double>().ToArray(), low.data<double>().ToArray());
    }

    [Fact]
    public void Sum_IsThatOfTheExactNumbers()
    {
        using var scope = NewDisposeScope();
        CompensatedTerm[] terms = [Term(1, hasLow: true), Term(2, hasLow: true), Term(3, hasLow: false)];
        (Tensor high, Tensor low) = CompensatedSum.Of(terms, increment: []);
        double[] highs = [.. high.data<double>()], lows = [.. low.data<double>()];
        for (int i = 0; i < Count; i += 97)
        {
            Exact sum = terms.Aggregate(default(Exact), (all, term) =>
            {
                Exact weight = term.Weight, whole = term.High.data<double>()[i];
                return all + (weight * (whole + (term.Low?.data<double>()[i] ?? 0)));
            });
            double largest = terms.Max(term => Math.Abs(term.High.data<double>()[i] * term.Weight));

            // Twice the precision: each operation on the low word loses 2^-53 of it, which is 2^-53 of the sum.
            Assert.InRange((double)(sum - highs[i] - lows[i]), -largest * Math.Pow(2, -102), largest * Math.Pow(2, -102));

            // A sum in 64 bits is far from that.
            double plain = terms.Sum(term => term.High.data<double>()[i] * term.Weight);
            Assert.True(Math.Abs((double)(sum - plain)) >= Math.Abs((double)(sum - highs[i] - lows[i])));
        }
    }

    [Fact]
    public void StatesElsewhere_TakeTheOperators()
    {
        using var scope = NewDisposeScope();
        Tensor square = Drawn(1).narrow(0, 0, 2500).reshape(50, 50);
        CompensatedTerm turned = new(square.t(), null, 0.3), single = new(square.@float(), null, 0.3);
        Assert.False(CompensatedPass.Takes([turned], []));
        Assert.False(CompensatedPass.Takes([single], []));
        (Tensor high, Tensor low) = CompensatedSum.Of([turned], []);
        (Tensor expected, Tensor expectedLow) = CompensatedSum.Of([turned with { High = square.t().contiguous() }], []);
        Assert.True(high.equal(expected).all().item<bool>() && low.equal(expectedLow).all().item<bool>());
    }

    private static CompensatedTerm Term(int seed, bool hasLow) =>
        new(Drawn(seed), hasLow ? Drawn(seed + 50) * 1e-17 : null, Math.Sin(seed + 1));

    private static Tensor Drawn(int seed) => StartNoise.Draw([Count], (ulong)seed, ScalarType.Float64);

    // A number as a multiple of a power of two.
    private readonly record struct Exact(BigInteger Whole, int Exponent)
    {
        public static implicit operator Exact(double value)
        {
            long bits = BitConverter.DoubleToInt64Bits(value);
            int exponent = (int)((bits >> 52) & 0x7FF);
            long mantissa = (bits & 0xFFFFFFFFFFFFF) | (exponent == 0 ? 0 : 1L << 52);
            return new Exact(bits < 0 ? -mantissa : mantissa, Math.Max(exponent, 1) - 1075);
        }

        public static explicit operator double(Exact value)
        {
            int shift = Math.Max(0, (int)value.Whole.GetBitLength() - 60);
            return Math.ScaleB((double)(value.Whole >> shift), value.Exponent + shift);
        }

        public static Exact operator *(Exact a, Exact b) => new(a.Whole * b.Whole, a.Exponent + b.Exponent);

        public static Exact operator +(Exact a, Exact b)
        {
            int exponent = Math.Min(a.Exponent, b.Exponent);
            return new((a.Whole << (a.Exponent - exponent)) + (b.Whole << (b.Exponent - exponent)), exponent);
        }

        public static Exact operator -(Exact a, Exact b) => a + new Exact(-b.Whole, b.Exponent);
    }
}
