using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Attention among the positions of an image, to a text, and a feed-forward part, modulated by numbers that all blocks share but
/// for
/// a table of its own (Chen et al. 2023).</summary>
internal sealed class PixArtBlock : WeightLayer
{
    private readonly Execution execution;
    private readonly double eps;
    private readonly JointAttention attention;
    private readonly TextAttention textAttention;
    private readonly FeedForward feedForward;

    /// <param name="config">The network's shape.</param>
    /// <param name="options">What the network's attentions have in common.</param>
    internal PixArtBlock(PixArtTransformer2DConfig config, JointAttentionOptions options)
        : base(nameof(PixArtBlock), NewTable(6, options.Width, options.Execution.Device), "scale_shift_table")
    {
        (execution, eps) = (options.Execution, config.NormEps);
        register_module("attn1", attention = new JointAttention(options, hasText: false, hasTextOut: false));
        register_module("attn2", textAttention = new TextAttention(options, config.CrossAttentionDim));
        register_module("ff", feedForward = new FeedForward(options.Width, execution.Device));
    }

    /// <summary>A new table of numbers for modulation.</summary>
    internal static Tensor NewTable(int parts, int width, Device? device) => randn(parts, width, device: device).div_(Math.Sqrt(width));

    /// <summary>A new tensor of the shape of vectors [batch, positions, width].</summary>
    /// <param name="x">The vectors.</param>
    /// <param name="text">[batch, tokens, context width].</param>
    /// <param name="by">What modulates all blocks, [batch, 6 x width].</param>
    /// <param name="bias">As for <see cref="TextAttention"/>.</param>
    internal Tensor Forward(Tensor x, Tensor text, Tensor by, Tensor? bias) => Recomputation.Of(
        execution, this, inputs => Compute(inputs[0]!, inputs[1]!, inputs[2]!, inputs[3]), x, text, by, bias);

    private Tensor Compute(Tensor x, Tensor text, Tensor by, Tensor? bias)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] parts = (Weight + by.unflatten(1, [6, -1])).chunk(6, 1);
        Tensor attended = attention.Forward(Modulation.Apply(x, parts[0], parts[1], eps), null, null).Image;
        Tensor hidden = addcmul(x, parts[2], attended, 1);

        // Not normalised before, as published.
        hidden += textAttention.Forward(hidden, text, bias);
        Tensor fed = feedForward.Forward(Modulation.Apply(hidden, parts[3], parts[4], eps));
        return addcmul(hidden, parts[5], fed, 1).MoveToOuterDisposeScope();
    }
}
