using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Two linear layers on the states of a text.</summary>
internal sealed class TextProjection : NetworkBlock
{
    private readonly Linear first;
    private readonly Linear second;

    internal TextProjection(int input, int width, Device? device)
        : base(nameof(TextProjection))
    {
        register_module("linear_1", first = nn.Linear(input, width, device: device));
        register_module("linear_2", second = nn.Linear(width, width, device: device));
    }

    /// <summary>[batch, tokens, width] of [batch, tokens, input].</summary>
    internal Tensor Forward(Tensor text)
    {
        using DisposeScope scope = NewDisposeScope();
        return second.call(Activation.TanhGelu.Apply(first.call(text))).MoveToOuterDisposeScope();
    }
}
