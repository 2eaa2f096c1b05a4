using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Attention among the positions of an image and a feed-forward part, modulated by a time and a class, of which each block has an
/// embedding of its own (Peebles and Xie 2023).</summary>
internal sealed class DiTBlock : NetworkBlock
{
    internal const int Features = 256;

    private readonly Execution execution;
    private readonly double eps;
    private readonly TimestepEmbedding times;
    private readonly EmbeddingTable classes;
    private readonly Linear modulation;
    private readonly JointAttention attention;
    private readonly FeedForward feedForward;

    /// <param name="config">The network's shape.</param>
    /// <param name="attention">What the network's attentions have in common.</param>
    internal DiTBlock(DiTTransformer2DConfig config, JointAttentionOptions attention)
        : base(nameof(DiTBlock))
    {
        (execution, eps) = (attention.Execution, config.NormEps);
        Device? device = execution.Device;
        int width = attention.Width;
        times = new TimestepEmbedding(Features, width, device);

        // The last stands for no class.
        classes = new EmbeddingTable(config.NumEmbedsAdaNorm + 1, width, device);
        modulation = nn.Linear(width, 6 * width, device: device);
        register_module("norm1", new NamedLayers(
            ("emb", new NamedLayers(("timestep_embedder", times), ("class_embedder", new NamedLayers(("embedding_table", classes))))),
            ("linear", modulation)));
        register_module("attn1", this.attention = new JointAttention(attention, hasText: false, hasTextOut: false));
        register_module("ff", feedForward = new FeedForward(width, device));
    }

    /// <summary>The embedding [batch, width], activated, of the features of times [batch, 256] and classes [batch].</summary>
    internal Tensor Embedded(Tensor features, Tensor labels)
    {
        using DisposeScope scope = NewDisposeScope();
        return Activation.Silu.Apply(times.Forward(features) + classes.Forward(labels)).MoveToOuterDisposeScope();
    }

    /// <summary>A new tensor of the shape of vectors [batch, positions, width].</summary>
    internal Tensor Forward(Tensor x, Tensor features, Tensor labels) =>
        Recomputation.Of(execution, this, inputs => Compute(inputs[0]!, inputs[1]!, inputs[2]!), x, features, labels);

    private Tensor Compute(Tensor x, Tensor features, Tensor labels)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] by = modulation.call(Embedded(features, labels)).unsqueeze(1).chunk(6, -1);
        Tensor hidden = addcmul(x, by[2], attention.Forward(Modulation.Apply(x, by[0], by[1]), null, null).Image, 1);
        Tensor fed = feedForward.Forward(Modulation.Apply(hidden, by[3], by[4], eps));
        return addcmul(hidden, by[5], fed, 1).MoveToOuterDisposeScope();
    }
}
