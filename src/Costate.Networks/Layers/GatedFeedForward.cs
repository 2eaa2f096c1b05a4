using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>The feed-forward part of a transformer, four times as wide and gated by a gelu (GEGLU; Shazeer 2020).</summary>
internal sealed class GatedFeedForward : NetworkBlock
{
    private const int Expansion = 4;

    private readonly Linear valueAndGate;
    private readonly Linear contraction;

    internal GatedFeedForward(int channels, Device? device)
        : base(nameof(GatedFeedForward))
    {
        int hidden = Expansion * channels;
        valueAndGate = nn.Linear(channels, 2 * hidden, device: device);
        contraction = nn.Linear(hidden, channels, device: device);

        // Between them stands a dropout, which has no parameters.
        register_module("net", new NamedLayers(("0", new NamedLayers(("proj", valueAndGate))), ("2", contraction)));
    }

    /// <summary>A new tensor of the shape of vectors [..., channels].</summary>
    internal Tensor Forward(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] halves = valueAndGate.call(x).chunk(2, -1);
        return contraction.call(halves[0] * nn.functional.gelu(halves[1])).MoveToOuterDisposeScope();
    }
}
