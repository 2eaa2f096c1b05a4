using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>A layer of CLIP's text transformer: causal attention and a feed-forward part, each normalised before and added.</summary>
internal sealed class ClipTextLayer : NetworkBlock
{
    private readonly Execution execution;
    private readonly Activation activation;
    private readonly int heads;
    private readonly LayerNorm norm1;
    private readonly Linear toQuery;
    private readonly Linear toKey;
    private readonly Linear toValue;
    private readonly Linear toOut;
    private readonly LayerNorm norm2;
    private readonly Linear expansion;
    private readonly Linear contraction;

    internal ClipTextLayer(ClipTextConfig config, Execution execution)
        : base(nameof(ClipTextLayer))
    {
        this.execution = execution;
        heads = config.NumAttentionHeads;
        activation = config.HiddenAct == "quick_gelu" ? Activation.QuickGelu : Activation.Named(config.HiddenAct);
        int width = config.HiddenSize;
        Device? device = execution.Device;
        register_module("self_attn", new NamedLayers(
            ("k_proj", toKey = nn.Linear(width, width, device: device)),
            ("v_proj", toValue = nn.Linear(width, width, device: device)),
            ("q_proj", toQuery = nn.Linear(width, width, device: device)),
            ("out_proj", toOut = nn.Linear(width, width, device: device))));
        register_module("layer_norm1", norm1 = nn.LayerNorm(width, config.LayerNormEps, device: device));
        register_module("mlp", new NamedLayers(
            ("fc1", expansion = nn.Linear(width, config.IntermediateSize, device: device)),
            ("fc2", contraction = nn.Linear(config.IntermediateSize, width, device: device))));
        register_module("layer_norm2", norm2 = nn.LayerNorm(width, config.LayerNormEps, device: device));
    }

    /// <summary>A new tensor of the shape of x [batch, tokens, width].</summary>
    internal Tensor Forward(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor normalised = norm1.call(x);
        (Tensor q, Tensor k, Tensor v) = (Split(toQuery, normalised), Split(toKey, normalised), Split(toValue, normalised));

        // Autograd keeps no linear layer's output, so adding to it in place is safe within a graph too.
        Tensor hidden = toOut.call(DotProductAttention.Of(q, k, v, execution.Attention, causal: true)).add_(x);
        return contraction.call(activation.Apply(expansion.call(norm2.call(hidden)))).add_(hidden).MoveToOuterDisposeScope();
    }

    private Tensor Split(Linear layer, Tensor x) => layer.call(x).unflatten(2, [heads, x.shape[2] / heads]);
}
