using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Attention of the positions of an image to the tokens of a text, of which some may be hidden.</summary>
internal sealed class TextAttention : NetworkBlock
{
    private readonly JointAttentionOptions options;
    private readonly Linear toQuery;
    private readonly Linear toKey;
    private readonly Linear toValue;
    private readonly Linear toOut;

    internal TextAttention(JointAttentionOptions options, int contextWidth)
        : base(nameof(TextAttention))
    {
        this.options = options;
        Device? device = options.Execution.Device;
        register_module("to_q", toQuery = nn.Linear(options.Width, options.Width, device: device));
        register_module("to_k", toKey = nn.Linear(contextWidth, options.Width, device: device));
        register_module("to_v", toValue = nn.Linear(contextWidth, options.Width, device: device));
        register_module("to_out", nn.ModuleList<Linear>(toOut = nn.Linear(options.Width, options.Width, device: device)));
    }

    /// <summary>A new tensor of the shape of x [batch, positions, width].</summary>
    /// <param name="x">The image's vectors.</param>
    /// <param name="text">[batch, tokens, context width].</param>
    /// <param name="bias">What is added to the scores, [batch, 1, 1, tokens]; null for nothing.</param>
    internal Tensor Forward(Tensor x, Tensor text, Tensor? bias)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor attended = DotProductAttention.Of(
            Split(toQuery.call(x)), Split(toKey.call(text)), Split(toValue.call(text)), options.Execution.Attention, bias: bias);
        return toOut.call(attended).MoveToOuterDisposeScope();
    }

    private Tensor Split(Tensor vectors) => vectors.unflatten(2, [options.Heads, options.HeadWidth]);
}
