using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Images as the vectors of their positions, for attention among them.</summary>
internal static class SpatialAttention
{
    /// <summary>
    /// The vectors of an image at its positions, [batch, height x width, channels], from [batch, channels, height, width].
    /// </summary>
    internal static Tensor Positions(Tensor image) => image.flatten(2).transpose(1, 2).contiguous();

    /// <summary>The image [batch, channels, height, width] of the vectors at its positions; a view.</summary>
    internal static Tensor Image(Tensor positions, long height, long width) => positions.transpose(1, 2).unflatten(2, [height, width]);
}
