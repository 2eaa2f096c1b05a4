using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Attention of vectors to those of a context, or to each other, in the diffusers layout.</summary>
internal sealed class CrossAttention : NetworkBlock
{
    private readonly TransformerOptions options;
    private readonly int heads;
    private readonly Linear toQuery;
    private readonly Linear toKey;
    private readonly Linear toValue;
    private readonly Linear toOut;

    /// <param name="options">What the network's transformers have in common.</param>
    /// <param name="channels">Width of the vectors.</param>
    /// <param name="heads">Heads, a divisor of it.</param>
    /// <param name="contextWidth">Width of the context's vectors.</param>
    internal CrossAttention(TransformerOptions options, int channels, int heads, int contextWidth)
        : base(nameof(CrossAttention))
    {
        this.options = options;
        this.heads = heads;
        Device? device = options.Execution.Device;
        register_module("to_q", toQuery = nn.Linear(channels, channels, hasBias: false, device: device));
        register_module("to_k", toKey = nn.Linear(contextWidth, channels, hasBias: false, device: device));
        register_module("to_v", toValue = nn.Linear(contextWidth, channels, hasBias: false, device: device));
        register_module("to_out", nn.ModuleList<Linear>(toOut = nn.Linear(channels, channels, device: device)));
    }

    /// <summary>A new tensor [batch, positions, channels] of vectors x of that shape and a context [batch, others, width].</summary>
    internal Tensor Forward(Tensor x, Tensor context)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor q, Tensor k, Tensor v) = (Split(toQuery.call(x)), Split(toKey.call(context)), Split(toValue.call(context)));
        bool upcasts = options.UpcastAttention && x.dtype is ScalarType.Float16 or ScalarType.BFloat16;
        Tensor attended = upcasts
            ? DotProductAttention.InSingle(q, k, v, options.Execution.Attention)
            : DotProductAttention.Of(q, k, v, options.Execution.Attention);
        return toOut.call(attended).MoveToOuterDisposeScope();
    }

    private Tensor Split(Tensor vectors) => vectors.unflatten(2, [heads, vectors.shape[2] / heads]);
}
