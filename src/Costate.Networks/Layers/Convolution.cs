using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Calls of convolutions, in the layout of memory in which they are right everywhere.</summary>
/// <remarks>
/// Where channels do not fill oneDNN's blocks, version 3.7 reorders images and weights by a kernel that on some processors (virtual
/// machines on AMD's Zen 5 among them) leaves arbitrary numbers in the rest of the last block: results and gradients are then wrong by
/// tens of percent, or NaN. Images with the channels last in memory need no such reordering, and narrow convolutions are faster on them;
/// wide ones gain nothing, and what stands between convolutions is slower.
/// </remarks>
internal static class Convolution
{
    // The widest blocks of channels, and those where a convolution has a stride.
    private const long Block = 16;
    private const long StridedBlock = 64;

    /// <summary>What the layer makes of an image [batch, channels, height, width], contiguous.</summary>
    internal static Tensor Apply(this Conv2d layer, Tensor image)
    {
        if (image.device_type != DeviceType.CPU || FillsBlocks(layer))
        {
            return layer.call(image);
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor pixels = image.permute(0, 2, 3, 1).contiguous();
        return layer.call(pixels.permute(0, 3, 1, 2)).contiguous().MoveToOuterDisposeScope();
    }

    private static bool FillsBlocks(Conv2d layer)
    {
        long block = layer.stride.Any(step => step > 1) ? StridedBlock : Block;
        return layer.in_channels % block == 0 && layer.out_channels % block == 0;
    }
}
