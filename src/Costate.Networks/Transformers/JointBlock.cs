using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// Attention among an image and a text, and a feed-forward part of each, all modulated by an embedding: a block of SD3, of Flux's first
/// half, and of SD3.5-medium with a second attention among the image alone.
/// </summary>
internal sealed class JointBlock : NetworkBlock
{
    private readonly Execution execution;
    private readonly Modulation norm;
    private readonly Modulation textNorm;
    private readonly JointAttention attention;
    private readonly JointAttention? second;
    private readonly FeedForward feedForward;
    private readonly FeedForward? textFeedForward;

    /// <param name="options">What the network's attentions have in common.</param>
    /// <param name="isDual">Whether there is a second attention.</param>
    /// <param name="isLast">Whether the text is not used any more.</param>
    internal JointBlock(JointAttentionOptions options, bool isDual, bool isLast)
        : base(nameof(JointBlock))
    {
        execution = options.Execution;
        Device? device = execution.Device;
        register_module("norm1", norm = new Modulation(options.Width, isDual ? 9 : 6, device));
        register_module("norm1_context", textNorm = new Modulation(options.Width, isLast ? 2 : 6, device));
        register_module("attn", attention = new JointAttention(options, hasText: true, hasTextOut: !isLast));
        if (isDual)
        {
            register_module("attn2", second = new JointAttention(options, hasText: false, hasTextOut: false));
        }

        register_module("ff", feedForward = new FeedForward(options.Width, device));
        if (!isLast)
        {
            register_module("ff_context", textFeedForward = new FeedForward(options.Width, device));
        }
    }

    /// <summary>The vectors of text and image, side by side as they are given; after the last block those of the image alone.</summary>
    /// <param name="both">[batch, tokens + positions, width].</param>
    /// <param name="tokens">How many of them are the text's.</param>
    /// <param name="embedding">[batch, width], activated.</param>
    /// <param name="rotation">As for <see cref="JointAttention"/>.</param>
    internal Tensor Forward(Tensor both, long tokens, Tensor embedding, Tensor? rotation) => Recomputation.Of(
        execution, this, inputs => Compute(inputs[0]!, tokens, inputs[1]!, inputs[2]), both, embedding, rotation);

    private Tensor Compute(Tensor both, long tokens, Tensor embedding, Tensor? rotation)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor text = both.narrow(1, 0, tokens), image = both.narrow(1, tokens, both.shape[1] - tokens);
        Tensor[] by = norm.Of(embedding), ofText = textNorm.Of(embedding);

        // Scale and shift the other way round where nothing is gated.
        (Tensor shift, Tensor scale) = textFeedForward is null ? (ofText[1], ofText[0]) : (ofText[0], ofText[1]);
        (Tensor attended, Tensor? attendedText) =
            attention.Forward(Modulation.Apply(image, by[0], by[1]), Modulation.Apply(text, shift, scale), rotation);
        Tensor hidden = addcmul(image, by[2], attended, 1);
        if (second is not null)
        {
            Tensor alone = second.Forward(Modulation.Apply(image, by[6], by[7]), null, null).Image;
            hidden = addcmul(hidden, by[8], alone, 1);
        }

        hidden = addcmul(hidden, by[5], feedForward.Forward(Modulation.Apply(hidden, by[3], by[4])), 1);
        if (textFeedForward is null)
        {
            return hidden.MoveToOuterDisposeScope();
        }

        Tensor words = addcmul(text, ofText[2], attendedText!, 1);
        words = addcmul(words, ofText[5], textFeedForward.Forward(Modulation.Apply(words, ofText[3], ofText[4])), 1);
        return cat([Bounded(words), hidden], 1).MoveToOuterDisposeScope();
    }

    // As published: some texts exceed the range of float16.
    private static Tensor Bounded(Tensor x) => x.dtype == ScalarType.Float16 ? x.clamp(-65504, 65504) : x;
}
