using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>The feed-forward part of a transformer, four times as wide, with the approximation of gelu by a tanh.</summary>
internal sealed class FeedForward : NetworkBlock
{
    internal const int Expansion = 4;

    private readonly Linear first;
    private readonly Linear contraction;

    internal FeedForward(int width, Device? device)
        : base(nameof(FeedForward))
    {
        first = nn.Linear(width, Expansion * width, device: device);
        contraction = nn.Linear(Expansion * width, width, device: device);

        // Between them stands a dropout, which has no parameters.
        register_module("net", new NamedLayers(("0", new NamedLayers(("proj", first))), ("2", contraction)));
    }

    /// <summary>A new tensor of the shape of vectors [..., width].</summary>
    internal Tensor Forward(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        return contraction.call(Activation.TanhGelu.Apply(first.call(x))).MoveToOuterDisposeScope();
    }
}
