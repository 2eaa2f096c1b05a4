using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class PhiloxTests
{
    // The known answers that come with the authors' Random123 library.
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(
        0xffffffffu,
        0xffffffffu,
        0xffffffffu,
        0xffffffffu,
        0xffffffffu,
        0xffffffffu,
        0x408f276du,
        0x41c83b0eu,
        0xa20bc7c6u,
        0x6d5451fdu)]
    [InlineData(
        0x243f6a88u,
        0x85a308d3u,
        0x13198a2eu,
        0x03707344u,
        0xa4093822u,
        0x299f31d0u,
        0xd16cfe09u,
        0x94fdcceb,
        0x5001e420u,
        0x24126ea1u)]
    public void Block_HasThePublishedAnswers(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint a, uint b, uint c, uint d) =>
        Assert.Equal((a, b, c, d), Philox.Block(c0, c1, c2, c3, k0 | ((ulong)k1 << 32)));

    [Fact]
    public void FillNormal_IsStandardNormal()
    {
        double[] values = new double[200_000];
        Philox.FillNormal(values, 42, 0, 0);
        double n = values.Length;

        // Five standard errors of each moment.
        Assert.Equal(0, values.Average(), 5 / Math.Sqrt(n));
        Assert.Equal(1, values.Average(v => v * v), 5 * Math.Sqrt(2 / n));
        Assert.Equal(0, values.Average(v => v * v * v), 5 * Math.Sqrt(15 / n));
        Assert.Equal(3, values.Average(v => v * v * v * v), 5 * Math.Sqrt(96 / n));
        Assert.Equal(0, values.Zip(values.Skip(1), (x, y) => x * y).Average(), 5 / Math.Sqrt(n));
    }

    [Fact]
    public void FillNormal_IsTheFormula_AtEveryPlaceAndLength()
    {
        // Box and Muller's formula with the system's own functions; 2e-15 is a few roundings of a number of up to 9.
        double[] expected = [.. Enumerable.Range(0, 40).SelectMany(i =>
        {
            (uint a, uint b, uint c, uint d) = Philox.Block((uint)i, 3, 2, 0, 42);
            double radius = Math.Sqrt(-2 * Math.Log(Unit(a, b)));
            return (double[])[radius * Math.Cos(2 * Math.PI * Unit(c, d)), radius * Math.Sin(2 * Math.PI * Unit(c, d))];
        })];
        double[] whole = new double[80];
        Philox.FillNormal(whole, 42, 2, 3);
        Assert.All(expected.Zip(whole), pair => Assert.Equal(pair.First, pair.Second, 2e-15));
        for (int length = 1; length < 20; length++)
        {
            double[] part = new double[length];
            Philox.FillNormal(part, 42, 2, 3);
            Assert.Equal(whole[..length], part);
        }

        static double Unit(uint high, uint low) => ((((ulong)high << 21) | (low >> 11)) + 1) * (1.0 / (1UL << 53));
    }

    // Items that share the lanes draw what each draws by itself, to the bit.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void ShortItems_DoNotDependOnEachOther(int size)
    {
        NoiseSeeds[] seeds = [NoiseSeeds.OfItems(Enumerable.Range(0, 12).Select(i => 0x9E3779B97F4A7C15UL * (ulong)(i + 1))), 42];
        foreach (NoiseSeeds its in seeds)
        {
            double[] together = new double[9 * size], alone = new double[size];
            Philox.FillNormal(together, size, its, first: 3, step: 5);
            for (int item = 0; item < 9; item++)
            {
                Philox.FillNormal(alone, its[3 + item].Seed, its[3 + item].Stream, 5);
                Assert.Equal(alone, together[(item * size)..((item + 1) * size)]);
            }
        }
    }

    [Fact]
    public void Extremes_AreFinite()
    {
        // The whole range of both uniform numbers, a million counters of one key.
        double[] values = new double[1 << 20];
        Philox.FillNormal(values, ulong.MaxValue, uint.MaxValue, uint.MaxValue);
        Assert.All(values, value => Assert.InRange(Math.Abs(value), 0, 9));
    }

    [Fact]
    public void Draw_OfAnItem_DoesNotDependOnTheBatch()
    {
        using var scope = NewDisposeScope();
        Tensor large = StartNoise.Draw([5, 3, 4], 9);
        Assert.Equal(large.narrow(0, 0, 2), StartNoise.Draw([2, 3, 4], 9));
        Assert.NotEqual(large[0], large[1]);
        Assert.NotEqual(large, StartNoise.Draw([5, 3, 4], 10));
        Assert.Equal(large, StartNoise.Draw([5, 3, 4], 9));
        Assert.Equal(ScalarType.Float32, large.dtype);
    }

    [Fact]
    public void Draw_RefusesAnEmptyShape()
    {
        Assert.Throws<ArgumentException>(() => { StartNoise.Draw([], 1); });
        Assert.Contains(
            "[2, 0]",
            Assert
                .Throws<ArgumentException>(() =>
                {
                    StartNoise.Draw([2, 0], 1);
                })
                .Message,
            StringComparison.Ordinal);
    }
}
