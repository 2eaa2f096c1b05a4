using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Two linear layers on the features of a time.</summary>
internal sealed class TimestepEmbedding : NetworkBlock
{
    private readonly Linear first;
    private readonly Linear second;

    internal TimestepEmbedding(int features, int channels, Device? device = null)
        : base(nameof(TimestepEmbedding))
    {
        register_module("linear_1", first = nn.Linear(features, channels, device: device));
        register_module("linear_2", second = nn.Linear(channels, channels, device: device));
    }

    /// <summary>The embedding [batch, channels] of features [batch, features] of any floating dtype.</summary>
    internal Tensor Forward(Tensor features)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = Activation.Silu.Apply(first.call(features.to(first.weight.dtype)));
        return second.call(hidden).MoveToOuterDisposeScope();
    }
}
