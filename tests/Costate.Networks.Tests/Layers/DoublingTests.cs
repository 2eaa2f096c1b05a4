using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class DoublingTests
{
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.BFloat16)]
    public void Pixels_AreRepeatedExactly(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        Tensor image = StartNoise.Draw([2, 3, 4, 5], 1).to(dtype);
        Tensor doubled = Doubling.Of(image);
        Assert.Equal([2, 3, 8, 10], doubled.shape);
        Assert.True(doubled.equal(image.repeat_interleave(2, 2).repeat_interleave(2, 3)).all().item<bool>());

        // Whatever the strides.
        Assert.True(Doubling.Of(image.transpose(2, 3)).equal(doubled.transpose(2, 3)).all().item<bool>());
    }

    [Fact]
    public void Gradient_SumsOverTheCopies()
    {
        using var scope = NewDisposeScope();
        Tensor image = StartNoise.Draw([2, 3, 4, 4], 1, ScalarType.Float64),
            cotangent = StartNoise.Draw([2, 3, 8, 8], 2, ScalarType.Float64);
        (_, Tensor[] products) = Vjp.Take(input => Doubling.Of(input[0]), cotangent, image);
        Near.Equal(nn.functional.avg_pool2d(cotangent, 2) * 4, products[0], 1e-14);
    }
}
