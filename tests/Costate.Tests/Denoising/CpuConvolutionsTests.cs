using static TorchSharp.torch;

namespace Costate.Tests.Denoising;

public sealed class CpuConvolutionsTests
{
    [Fact]
    public void EnsureRight_MakesConvolutionsAndTheirGradientsRight()
    {
        using var scope = NewDisposeScope();
        Assert.True(CpuConvolutions.EnsureRight());
        Assert.True(CpuConvolutions.AreRight());

        // Channels that fill no block of 16, in and out.
        Tensor weight = StartNoise.Draw([12, 40, 3, 3], 1), x = StartNoise.Draw([2, 40, 32, 32], 2).requires_grad_(), y = StartNoise.Draw([2, 12, 32, 32], 3);
        Tensor exact = x.detach().to(ScalarType.Float64).requires_grad_();
        Tensor output = nn.functional.conv2d(x, weight, padding: [1, 1]), expected = nn.functional.conv2d(exact, weight.to(ScalarType.Float64), padding: [1, 1]);
        output.backward([y]);
        expected.backward([y.to(ScalarType.Float64)]);

        // Rounding of sums of a few hundred products in 32 bits.
        Near.Equal(expected, output.to(ScalarType.Float64), 1e-5);
        Near.Equal(exact.grad!, x.grad!.to(ScalarType.Float64), 1e-5);
    }
}
