using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Attention among positions, attention to a context and a feed-forward part, each normalised and added (diffusers'
/// <c>BasicTransformerBlock</c>).</summary>
internal sealed class TransformerBlock : RecomputableLayer
{
    private const double Eps = 1e-5;

    private readonly bool onlyContext;
    private readonly LayerNorm norm1;
    private readonly CrossAttention attention1;
    private readonly LayerNorm norm2;
    private readonly CrossAttention attention2;
    private readonly LayerNorm norm3;
    private readonly GatedFeedForward feedForward;

    /// <param name="options">What the network's transformers have in common.</param>
    /// <param name="channels">Width of the vectors.</param>
    /// <param name="heads">Heads of the attention.</param>
    /// <param name="contextWidth">Width of the context's vectors.</param>
    /// <param name="onlyContext">Whether the first attention is to the context too.</param>
    internal TransformerBlock(TransformerOptions options, int channels, int heads, int contextWidth, bool onlyContext)
        : base(nameof(TransformerBlock), options.Execution)
    {
        this.onlyContext = onlyContext;
        Device? device = options.Execution.Device;
        register_module("norm1", norm1 = nn.LayerNorm(channels, Eps, device: device));
        register_module("attn1", attention1 = new CrossAttention(options, channels, heads, onlyContext ? contextWidth : channels));
        register_module("norm2", norm2 = nn.LayerNorm(channels, Eps, device: device));
        register_module("attn2", attention2 = new CrossAttention(options, channels, heads, contextWidth));
        register_module("norm3", norm3 = nn.LayerNorm(channels, Eps, device: device));
        register_module("ff", feedForward = new GatedFeedForward(channels, device));
    }

    // Of the shape of x [batch, positions, channels]; the context is [batch, others, width].
    private protected override Tensor Compute(Tensor x, Tensor? condition)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor normalised = norm1.call(x);

        // Autograd keeps no linear layer's output, so adding to it in place is safe within a graph too.
        Tensor hidden = attention1.Forward(normalised, onlyContext ? condition! : normalised).add_(x);
        hidden = attention2.Forward(norm2.call(hidden), condition!).add_(hidden);
        return feedForward.Forward(norm3.call(hidden)).add_(hidden).MoveToOuterDisposeScope();
    }
}
