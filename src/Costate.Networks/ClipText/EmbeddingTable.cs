using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>A table of vectors. TorchSharp's own makes a new handle of it whenever it is looked at, for others to dispose.</summary>
internal sealed class EmbeddingTable : NetworkBlock
{
    // As in transformers.
    private const double InitialDeviation = 0.02;

    private readonly Parameter weight;

    /// <param name="count">Number of vectors.</param>
    /// <param name="width">Their width.</param>
    /// <param name="isRead">Whether its numbers are to be read; they are then as the memory was.</param>
    internal EmbeddingTable(int count, int width, bool isRead)
        : base(nameof(EmbeddingTable))
    {
        using DisposeScope scope = NewDisposeScope();
        weight = nn.Parameter(isRead ? empty(count, width) : randn(count, width).mul_(InitialDeviation));
        register_parameter("weight", weight);
        weight.DetachFromDisposeScope();
    }

    /// <summary>The table, [count, width].</summary>
    internal Tensor Weight => weight;

    /// <summary>The vectors [batch, tokens, width] of whole numbers [batch, tokens] that must be in the table.</summary>
    internal Tensor Forward(Tensor ids)
    {
        using DisposeScope scope = NewDisposeScope();
        return weight.index_select(0, ids.flatten()).unflatten(0, ids.shape).MoveToOuterDisposeScope();
    }
}
