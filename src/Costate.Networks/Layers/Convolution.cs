using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Calls of convolutions, in the way that is right everywhere, and the quickest of those.</summary>
/// <remarks>
/// <para>
/// Where channels do not fill oneDNN's blocks, version 3.7 reorders images and weights by a kernel that on some processors (virtual
/// machines on AMD's Zen 5 among them) leaves arbitrary numbers in the rest of the last block: results and gradients are then wrong by
/// tens of percent, or NaN. Where only the result's channels do not fill a block, further ones do, and are dropped from the result.
/// Otherwise the image is given with its channels last in memory, which needs no such reordering; narrow convolutions are faster so, but
/// wide ones gain nothing, and what stands between convolutions is slower. Where that does not help either (an image of one channel or
/// of one pixel has them first and last; of an odd number in bfloat16 the gradient is wrong), image and result get further channels that
/// are zero.
/// </para>
/// <para>A 1 x 1 convolution is a matrix product, which needs no reordering either: on small images it takes a third of the time.</para>
/// <para>
/// torch gives an image by itself to oneDNN only if it has more than 20480 values (ConvParams::use_mkldnn in its Convolution.cpp); of a
/// smaller one it makes a matrix nine times as large, for a matrix product. Where that is slower, the image is given as two: its halves.
/// </para>
/// </remarks>
internal static class Convolution
{
    // Blocks of channels, and those where a convolution has a stride.
    private const long Block = 16;
    private const long StridedBlock = 32;

    private const long MaxValuesWithoutOneDnn = 20480;

    // Values of the image times channels of the result. Where they are fewer, halving costs more than it gains.
    private const long FewestProductsInHalves = 1 << 20;

    /// <summary>
    /// What the layer, which has a bias and pads with zeros, makes of an image [batch, channels, height, width]; contiguous.
    /// </summary>
    internal static Tensor Apply(this Conv2d layer, Tensor image)
    {
        long block = layer.stride is [1, 1] ? Block : StridedBlock;
        return (layer.kernel_size, layer.stride, layer.padding) is ([1, 1], [1, 1], [0, 0]) ? Product(layer, image)
            : image.device_type != DeviceType.CPU ? layer.call(image)
            : NeedsColumn(layer, image) ? WithColumn(layer, image)
            : layer.in_channels % block != 0 && LastIsSafe(layer, image) ? WithChannelsLast(layer, image)
            : layer.in_channels % block != 0 ? WithAllChannels(layer, image, block)
            : layer.out_channels % block != 0 ? WithFurtherChannels(layer, image, block - (layer.out_channels % block))
            : GainsFromHalves(layer, image) ? InHalves(layer, image)
            : layer.call(image);
    }

    private static bool GainsFromHalves(Conv2d layer, Tensor image) =>
        (layer.kernel_size, layer.stride, layer.padding) is ([3, 3], [1, 1], [1, 1])
        && image.dtype == ScalarType.Float32
        && image.shape[0] == 1
        && image.shape[2] % 2 == 0
        && image.numel() <= MaxValuesWithoutOneDnn
        && image.numel() * layer.out_channels >= FewestProductsInHalves;

    private static bool LastIsSafe(Conv2d layer, Tensor image) => image.dtype switch
    {
        ScalarType.BFloat16 => layer.in_channels > 1 && layer.out_channels % 2 == 0 && HasManyPixels(image),
        ScalarType.Float32 => (layer.in_channels > 1 || layer.out_channels % Block == 0) && HasManyPixels(image),
        _ => true,
    };

    private static bool HasManyPixels(Tensor image) => image.shape[2] > 1 || image.shape[3] > 1;

    // In bfloat16 the gradient of an image of one column is wrong, whatever its channels.
    private static bool NeedsColumn(Conv2d layer, Tensor image) =>
        image.dtype == ScalarType.BFloat16 && image.shape[3] == 1 && (layer.stride, layer.padding) is ([2, 2], [1, 1]);

    private static Tensor Product(Conv2d layer, Tensor image)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weight = layer.weight!.flatten(1).expand(image.shape[0], -1, -1);
        return weight.baddbmm(image.flatten(2), layer.bias!.unsqueeze(1)).unflatten(2, image.shape[2..]).MoveToOuterDisposeScope();
    }

    private static Tensor WithChannelsLast(Conv2d layer, Tensor image)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor pixels = image.permute(0, 2, 3, 1).contiguous();
        return layer.call(pixels.permute(0, 3, 1, 2)).contiguous().MoveToOuterDisposeScope();
    }

    private static Tensor WithFurtherChannels(Conv2d layer, Tensor image, long count)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weight = nn.functional.pad(layer.weight!, [0, 0, 0, 0, 0, 0, 0, count]), bias = nn.functional.pad(layer.bias!, [0, count]);
        Tensor filled = nn.functional.conv2d(image, weight, bias, layer.stride, layer.padding);
        return filled.narrow(1, 0, layer.out_channels).contiguous().MoveToOuterDisposeScope();
    }

    // The column of zeros that the padding would put there.
    private static Tensor WithColumn(Conv2d layer, Tensor image)
    {
        using Tensor padded = nn.functional.pad(image, [0, 1]);
        return Apply(layer, padded);
    }

    private static Tensor WithAllChannels(Conv2d layer, Tensor image, long block)
    {
        using DisposeScope scope = NewDisposeScope();
        long more = Missing(layer.in_channels), count = Missing(layer.out_channels);
        Tensor weight = nn.functional.pad(layer.weight!, [0, 0, 0, 0, 0, more, 0, count]);
        Tensor bias = nn.functional.pad(layer.bias!, [0, count]);
        Tensor padded = nn.functional.pad(image, [0, 0, 0, 0, 0, more]);
        Tensor filled = nn.functional.conv2d(padded, weight, bias, layer.stride, layer.padding);
        return filled.narrow(1, 0, layer.out_channels).contiguous().MoveToOuterDisposeScope();

        long Missing(long channels) => (block - (channels % block)) % block;
    }

    private static Tensor InHalves(Conv2d layer, Tensor image)
    {
        using DisposeScope scope = NewDisposeScope();
        long half = image.shape[2] / 2;

        // Each half of the result sees a row beyond its own on either side.
        Tensor padded = nn.functional.pad(image, [0, 0, 1, 1]);
        Tensor halves = cat([padded.narrow(2, 0, half + 2), padded.narrow(2, half, half + 2)]);
        Tensor result = nn.functional.conv2d(halves, layer.weight!, layer.bias, padding: [0, 1]);
        return result.transpose(0, 1).flatten(1, 2).unsqueeze(0).contiguous().MoveToOuterDisposeScope();
    }
}
