using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>A table of vectors. TorchSharp's own makes a new handle of it whenever it is looked at, for others to dispose.</summary>
internal sealed class EmbeddingTable : NetworkBlock
{
    private const string Name = "weight";

    private Parameter weight;

    /// <param name="count">Number of vectors.</param>
    /// <param name="width">Their width.</param>
    /// <param name="device">Where it is made.</param>
    /// <param name="deviation">The standard deviation of its random numbers.</param>
    internal EmbeddingTable(int count, int width, Device? device, double deviation = 1)
        : base(nameof(EmbeddingTable))
    {
        using DisposeScope scope = NewDisposeScope();
        weight = nn.Parameter(randn(count, width, device: device).mul_(deviation));
        register_parameter(Name, weight);
        weight.DetachFromDisposeScope();
    }

    /// <summary>The table, [count, width].</summary>
    internal Parameter Weight
    {
        get => weight;
        set
        {
            weight = value;
            ConditionallyRegisterParameter(Name, value);
        }
    }

    /// <summary>The vectors [batch, tokens, width] of whole numbers [batch, tokens] that must be in the table.</summary>
    internal Tensor Forward(Tensor ids)
    {
        using DisposeScope scope = NewDisposeScope();
        return weight.index_select(0, ids.flatten()).unflatten(0, ids.shape).MoveToOuterDisposeScope();
    }
}
