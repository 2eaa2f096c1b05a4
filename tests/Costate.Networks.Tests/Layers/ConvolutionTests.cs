using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class ConvolutionTests
{
    // Channels that fill oneDNN's blocks, and all kinds that do not: of the image, of the result, of both; with a stride blocks are larger.
    [Theory]
    [InlineData(32, 32, 1)]
    [InlineData(24, 24, 1)]
    [InlineData(12, 32, 1)]
    [InlineData(64, 12, 1)]
    [InlineData(3, 24, 2)]
    [InlineData(24, 48, 2)]
    [InlineData(48, 96, 2)]
    public void OutputAndVjps_AreRightInFloat32(int inChannels, int outChannels, int stride)
    {
        using var scope = NewDisposeScope();
        using Conv2d layer = nn.Conv2d(inChannels, outChannels, 3, stride: stride, padding: 1);
        using Conv2d exact = nn.Conv2d(inChannels, outChannels, 3, stride: stride, padding: 1);
        exact.to(ScalarType.Float64);
        exact.load_state_dict(layer.state_dict());

        // Several times: what an unfilled block holds depends on what was in memory before.
        for (ulong seed = 0; seed < 3; seed++)
        {
            Tensor x = StartNoise.Draw([2, inChannels, 32, 32], seed), cotangent = StartNoise.Draw([2, outChannels, 32 / stride, 32 / stride], seed + 10);
            (Tensor output, Tensor[] products) = Vjp.Take(v => layer.Apply(v[0]), cotangent, x);
            (Tensor expected, Tensor[] expectedProducts) = Vjp.Take(v => exact.call(v[0]), cotangent.to(ScalarType.Float64), x.to(ScalarType.Float64));

            // Rounding of sums of a few hundred products in 32 bits; wrong blocks differ by tenths.
            Near.Equal(expected, output.to(ScalarType.Float64), 1e-5);
            Near.Equal(expectedProducts[0], products[0].to(ScalarType.Float64), 1e-5);
            Assert.True(output.is_contiguous());
        }
    }
}
