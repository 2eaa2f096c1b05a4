using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>A table of vectors. TorchSharp's own makes a new handle of it whenever it is looked at, for others to dispose.</summary>
/// <param name="count">Number of vectors.</param>
/// <param name="width">Their width.</param>
/// <param name="device">Where it is made.</param>
/// <param name="deviation">The standard deviation of its random numbers.</param>
internal sealed class EmbeddingTable(int count, int width, Device? device, double deviation = 1)
    : WeightLayer(nameof(EmbeddingTable), randn(count, width, device: device).mul_(deviation))
{
    /// <summary>The vectors [batch, tokens, width] of whole numbers [batch, tokens] that must be in the table.</summary>
    internal Tensor Forward(Tensor ids)
    {
        using DisposeScope scope = NewDisposeScope();
        return Weight.index_select(0, ids.flatten()).unflatten(0, ids.shape).MoveToOuterDisposeScope();
    }
}
