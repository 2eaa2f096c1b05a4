using static TorchSharp.torch;

namespace Costate.Tests.Tensors;

public sealed class WeightedSumTests
{
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void OnePass_HasTheBitsOfTorchsOperators(ScalarType dtype)
    {
        using var scope = NewDisposeScope();

        // Shorter than a vector, several vectors and a rest, several blocks and a rest.
        foreach (int count in (int[])[.. Enumerable.Range(1, 40), 1024, 2500 + 3])
        {
            (Tensor, double)[] terms = [.. Enumerable.Range(0, 4).Select(i => (Drawn(i, count, dtype), Math.Sin(i + 1)))];
            for (int taken = 1; taken <= terms.Length; taken++)
            {
                AssertSame(WeightedSum.OnAnyDevice(terms[..taken]), WeightedSum.Of(terms[..taken])!);
            }
        }
    }

    [Fact]
    public void SignsOfZeros_AreTorchs()
    {
        using var scope = NewDisposeScope();
        (Tensor, double)[] terms = [(zeros(3, ScalarType.Float64), -1), (zeros(3, ScalarType.Float64), -0.5)];
        Assert.All(WeightedSum.Of(terms[..1])!.data<double>().ToArray(), zero => Assert.True(double.IsNegative(zero)));
        AssertSame(WeightedSum.OnAnyDevice(terms), WeightedSum.Of(terms)!);
    }

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    public void SixteenBits_AndTurnedTensors_TakeTheOperators(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        Tensor square = Drawn(1, 2500, ScalarType.Float32).reshape(50, 50);
        (Tensor, double)[] half = [(square.to(dtype), 0.3), (square.to(dtype), 0.7)];
        (Tensor, double)[] turned = [(square.t(), 0.3), (square, 0.7)];
        (Tensor, double)[] straight = [(square.t().contiguous(), 0.3), (square, 0.7)];
        AssertSame(WeightedSum.OnAnyDevice(half), WeightedSum.Of(half)!);
        AssertSame(WeightedSum.OnAnyDevice(straight), WeightedSum.Of(turned)!);
    }

    [Fact]
    public void Graphs_AreKept()
    {
        using var scope = NewDisposeScope();
        Tensor x = Drawn(1, 5, ScalarType.Float64).requires_grad_(true), y = Drawn(2, 5, ScalarType.Float64);
        Tensor sum = WeightedSum.Of((y, 0.5), (x, 3))!;
        sum.sum().backward();
        Assert.All(x.grad!.data<double>().ToArray(), gradient => Assert.Equal(3, gradient));
    }

    [Fact]
    public void NoTerms_AreNoSum() => Assert.Null(WeightedSum.Of());

    private static Tensor Drawn(int seed, int count, ScalarType dtype) => StartNoise.Draw([count], (ulong)seed, dtype);

    private static void AssertSame(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.dtype, actual.dtype);
        Assert.Equal(expected.shape, actual.shape);
        Assert.Equal(expected.contiguous().bytes.ToArray(), actual.contiguous().bytes.ToArray());
    }
}
