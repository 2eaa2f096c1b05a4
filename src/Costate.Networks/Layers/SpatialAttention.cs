using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Attention among the positions of an image.</summary>
internal static class SpatialAttention
{
    /// <summary>
    /// The vectors of an image at its positions, [batch, height x width, channels], from [batch, channels, height, width].
    /// </summary>
    internal static Tensor Positions(Tensor image) => image.flatten(2).transpose(1, 2).contiguous();

    /// <summary>The image [batch, channels, height, width] of the vectors at its positions; a view.</summary>
    internal static Tensor Image(Tensor positions, long height, long width) => positions.transpose(1, 2).unflatten(2, [height, width]);

    /// <summary>Attends: q, k and v are [batch, positions, heads, width], the result [batch, positions, heads x width].</summary>
    internal static Tensor Attend(Tensor q, Tensor k, Tensor v)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor attended = nn.functional.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2));
        return attended.transpose(1, 2).flatten(2).MoveToOuterDisposeScope();
    }
}
