using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>A layer of T5's encoder: attention with a bias of positions, and a feed-forward part, each added to its input.</summary>
/// <remarks>The sum stays in 32 bits in a network of 16: it grows beyond the range of float16.</remarks>
internal sealed class T5Block : RecomputableLayer
{
    private readonly int heads;
    private readonly RmsNorm norm1;
    private readonly Linear toQuery;
    private readonly Linear toKey;
    private readonly Linear toValue;
    private readonly Linear toOut;
    private readonly RmsNorm norm2;
    private readonly Linear first;
    private readonly Linear? gated;
    private readonly Linear contraction;

    /// <param name="config">The network's shape.</param>
    /// <param name="execution">How it computes.</param>
    /// <param name="positions">The table of positions, of the first block, which keeps it for all; null for others.</param>
    internal T5Block(T5EncoderConfig config, Execution execution, EmbeddingTable? positions)
        : base(nameof(T5Block), execution)
    {
        heads = config.NumHeads;
        int width = config.DModel, inner = config.NumHeads * config.DKv;
        var attention = new NamedLayers(
            ("q", toQuery = Matrix(width, inner)),
            ("k", toKey = Matrix(width, inner)),
            ("v", toValue = Matrix(width, inner)),
            ("o", toOut = Matrix(inner, width)));
        if (positions is not null)
        {
            attention.register_module("relative_attention_bias", positions);
        }

        contraction = Matrix(config.DFf, width);
        first = Matrix(width, config.DFf);
        gated = config.FeedForwardProj == "gated-gelu" ? Matrix(width, config.DFf) : null;
        NamedLayers feedForward = gated is null
            ? new NamedLayers(("wi", first), ("wo", contraction))
            : new NamedLayers(("wi_0", first), ("wi_1", gated), ("wo", contraction));
        register_module("layer", new NamedLayers(
            ("0", new NamedLayers(("SelfAttention", attention), ("layer_norm", norm1 = Norm()))),
            ("1", new NamedLayers(("DenseReluDense", feedForward), ("layer_norm", norm2 = Norm())))));

        Linear Matrix(int input, int output) => nn.Linear(input, output, hasBias: false, device: execution.Device);

        RmsNorm Norm() => new(width, config.LayerNormEpsilon, execution.Device);
    }

    // Of the shape and dtype of x [batch, tokens, width]; the condition is added to the scores.
    private protected override Tensor Compute(Tensor x, Tensor? condition)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor normalised = norm1.Forward(x);
        (Tensor q, Tensor k, Tensor v) = (Split(toQuery, normalised), Split(toKey, normalised), Split(toValue, normalised));

        // T5 does not divide the scores.
        q *= Math.Sqrt(q.shape[3]);
        Tensor hidden = x + toOut.call(DotProductAttention.Of(q, k, v, Execution.Attention, bias: condition)).to(x.dtype);
        return (hidden + Contracted(FedForward(norm2.Forward(hidden)), x.dtype)).MoveToOuterDisposeScope();
    }

    private Tensor FedForward(Tensor x) =>
        gated is null ? nn.functional.relu(first.call(x)) : Activation.TanhGelu.Apply(first.call(x)) * gated.call(x);

    // This product exceeds float16.
    private Tensor Contracted(Tensor x, ScalarType dtype) => x.dtype == ScalarType.Float16
        ? nn.functional.linear(x.to(dtype), contraction.weight.to(dtype))
        : contraction.call(x).to(dtype);

    private Tensor Split(Linear layer, Tensor x) => layer.call(x).unflatten(2, [heads, -1]);
}
