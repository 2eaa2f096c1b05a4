using static TorchSharp.torch;

namespace Costate.Tests.Tensors;

public sealed class ItemwiseProductTests
{
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void Loop_IsTorchsSum(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        foreach (long[] shape in (long[][])[[1, 1], [7, 1], [5, 2], [3], [2, 3, 5, 4]])
        {
            Tensor a = StartNoise.Draw(shape, 1, dtype), b = StartNoise.Draw(shape, 2, dtype);
            Tensor expected = ItemwiseProduct.OnAnyDevice(a, b), actual = ItemwiseProduct.Of(a, b);
            Assert.Equal([shape[0]], actual.shape);

            // The rounding of sums of at most 60 numbers of about 1 in 64 bits.
            Assert.True(actual.allclose(expected, rtol: 0, atol: 1e-13), $"{expected} and {actual}");
            Assert.False(actual.allclose(ItemwiseProduct.Of(a, a), rtol: 0, atol: 1e-3));
        }
    }

    [Fact]
    public void TurnedTensors_AreTakenInTheirOrder()
    {
        using var scope = NewDisposeScope();
        Tensor a = StartNoise.Draw([3, 3], 1), turned = a.t(), straight = a.t().contiguous();
        Tensor expected = ItemwiseProduct.Of(straight, straight);
        Assert.True(ItemwiseProduct.Of(turned, turned).allclose(expected, rtol: 1e-12));
        Assert.False(ItemwiseProduct.Of(a, a).allclose(expected, rtol: 1e-3));
    }
}
