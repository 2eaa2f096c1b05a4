using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Attention among the positions of an image.</summary>
internal static class SpatialAttention
{
    /// <summary>Attends; q, k, v and the result are [batch, positions, heads x width].</summary>
    internal static Tensor Attend(Tensor q, Tensor k, Tensor v, int heads)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor attended = nn.functional.scaled_dot_product_attention(Split(q, heads), Split(k, heads), Split(v, heads));
        return attended.transpose(1, 2).flatten(2).MoveToOuterDisposeScope();
    }

    private static Tensor Split(Tensor x, int heads) => x.unflatten(2, [heads, x.shape[2] / heads]).transpose(1, 2);
}
