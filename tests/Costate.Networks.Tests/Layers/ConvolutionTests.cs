using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class ConvolutionTests
{
    // Channels that fill oneDNN's blocks, and all kinds that do not: of the image, of the result, of both; with a stride blocks are larger.
    // 1 x 1 convolutions, and small images by themselves.
    [Theory]
    [InlineData(32, 32, 3, 1)]
    [InlineData(24, 24, 3, 1)]
    [InlineData(12, 32, 3, 1)]
    [InlineData(64, 12, 3, 1)]
    [InlineData(3, 24, 3, 2)]
    [InlineData(24, 48, 3, 2)]
    [InlineData(32, 32, 3, 2)]
    [InlineData(48, 96, 3, 2)]
    [InlineData(64, 96, 3, 2)]
    [InlineData(80, 32, 3, 2)]
    [InlineData(1, 1, 3, 1)]
    [InlineData(8, 8, 3, 1, 2, 1, 1)]
    [InlineData(24, 24, 3, 2, 2, 1, 1)]
    [InlineData(1, 24, 3, 1)]
    [InlineData(1, 3, 3, 2)]
    [InlineData(1, 32, 3, 1)]
    [InlineData(24, 20, 1, 1)]
    [InlineData(24, 20, 1, 2)]
    [InlineData(64, 64, 3, 1, 1, 16, 16)]
    [InlineData(48, 64, 3, 1, 1, 14, 26)]
    [InlineData(64, 80, 3, 1, 1, 2, 128)]
    [InlineData(64, 96, 3, 1, 1, 17, 16)]
    public void OutputAndVjps_AreRightInFloat32(
        int inChannels,
        int outChannels,
        int kernel,
        int stride,
        int batch = 2,
        int height = 32,
        int width = 32)
    {
        using var scope = NewDisposeScope();
        using Conv2d layer = nn.Conv2d(inChannels, outChannels, kernel, stride: stride, padding: kernel / 2);
        using Conv2d exact = nn.Conv2d(inChannels, outChannels, kernel, stride: stride, padding: kernel / 2);
        exact.to(ScalarType.Float64);
        exact.load_state_dict(layer.state_dict());

        // Several times: what an unfilled block holds depends on what was in memory before.
        for (ulong seed = 0; seed < 3; seed++)
        {
            Tensor x = StartNoise.Draw([batch, inChannels, height, width], seed),
                cotangent = StartNoise.Draw([batch, outChannels, (height + stride - 1) / stride, (width + stride - 1) / stride], seed + 10);
            (Tensor output, Tensor[] products) = Vjp.Take(v => layer.Apply(v[0]), cotangent, x);
            (Tensor expected, Tensor[] expectedProducts) = Vjp.Take(
                v => exact.call(v[0]),
                cotangent.to(ScalarType.Float64),
                x.to(ScalarType.Float64));

            // Rounding of sums of a few hundred products in 32 bits; wrong blocks differ by tenths.
            Near.Equal(expected, output.to(ScalarType.Float64), 1e-5);
            Near.Equal(expectedProducts[0], products[0].to(ScalarType.Float64), 1e-5);
            Assert.True(output.is_contiguous());

            // Of 2 x 32 x 32 products.
            Near.Equal(WeightGradient(exact, exact.call, x, cotangent), WeightGradient(layer, layer.Apply, x, cotangent), 1e-3);
        }
    }

    // An odd number of channels, an image of one, and those that fill blocks.
    [Theory]
    [InlineData(8, 3, 1)]
    [InlineData(3, 8, 1)]
    [InlineData(24, 5, 2)]
    [InlineData(1, 32, 1)]
    [InlineData(1, 3, 2)]
    [InlineData(32, 3, 1)]
    [InlineData(32, 32, 2)]
    [InlineData(8, 8, 1, 1, 1)]
    [InlineData(32, 64, 2, 2, 1)]
    [InlineData(24, 24, 2, 1, 1)]
    public void OutputAndVjp_AreRightIn16Bits(int inChannels, int outChannels, int stride, int height = 24, int width = 16)
    {
        using var scope = NewDisposeScope();
        foreach (ScalarType dtype in new[] { ScalarType.Float16, ScalarType.BFloat16 })
        {
            using Conv2d layer = nn.Conv2d(inChannels, outChannels, 3, stride: stride, padding: 1, dtype: dtype);
            using Conv2d exact = nn.Conv2d(inChannels, outChannels, 3, stride: stride, padding: 1, dtype: ScalarType.Float64);
            exact.load_state_dict(layer.state_dict());
            Tensor x = StartNoise.Draw([2, inChannels, height, width], 1, dtype);
            Tensor cotangent = StartNoise.Draw([2, outChannels, (height + stride - 1) / stride, (width + stride - 1) / stride], 2, dtype);
            (Tensor output, Tensor[] products) = Vjp.Take(v => layer.Apply(v[0]), cotangent, x);
            (Tensor expected, Tensor[] expectedProducts) = Vjp.Take(
                v => exact.call(v[0]), cotangent.to(ScalarType.Float64), x.to(ScalarType.Float64));

            // Eight bits of a result; wrong blocks differ by tenths.
            Near.Equal(expected, output.to(ScalarType.Float64), 1e-2);
            Near.Equal(expectedProducts[0], products[0].to(ScalarType.Float64), 1e-2);
        }
    }

    private static Tensor WeightGradient(Conv2d layer, Func<Tensor, Tensor> call, Tensor x, Tensor cotangent)
    {
        layer.zero_grad();
        ScalarType dtype = layer.weight!.dtype;
        autograd.backward([call(x.to(dtype))], [cotangent.to(dtype)], inputs: [layer.weight]);
        return layer.weight.grad!.to(ScalarType.Float64);
    }
}
