using static TorchSharp.torch;

namespace Costate.Networks;

/// <content>What it is told in words.</content>
public sealed partial class DiffusionPipeline
{
    /// <summary>What a text is to the denoiser, a bundle of batch 1 of 32 bits or more; see <see cref="Denoiser"/>.</summary>
    /// <param name="prompt">The text.</param>
    /// <param name="clipSkip">How many of the text encoder's last layers are left out. The default value is 0.</param>
    /// <param name="truncate">Whether a text that is too long is cut, rather than refused. <see cref="ClipTokenizer.Tokenize"/> says what
    /// is lost. The default value is false.</param>
    /// <param name="sizes">What SDXL is told of sizes. The default value is null: those of the picture itself.</param>
    /// <exception cref="InputException">The text is too long and may not be cut (the message has the words that do not fit),
    /// <paramref name="clipSkip"/> leaves no layer, or <paramref name="sizes"/> are none or for another family.</exception>
    public Costate.Condition Condition(string prompt, int clipSkip = 0, bool truncate = false, PictureSizes? sizes = null)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return Condition([prompt], clipSkip, truncate, sizes);
    }

    /// <summary>The same for a batch: a text for each item.</summary>
    /// <param name="prompts">The texts.</param>
    /// <param name="clipSkip">As for one text.</param>
    /// <param name="truncate">As for one text.</param>
    /// <param name="sizes">As for one text, for all items.</param>
    /// <exception cref="InputException">There is no text; or as for one text.</exception>
    public Costate.Condition Condition(
        IReadOnlyList<string> prompts, int clipSkip = 0, bool truncate = false, PictureSizes? sizes = null) =>
        Texts.Of(prompts, clipSkip, truncate, sizes);

    /// <summary>A condition with a picture of which a part is repainted, for a network that was trained for it (9 channels).</summary>
    /// <param name="condition">That of the text.</param>
    /// <param name="image">The picture, as for <see cref="Encode"/>.</param>
    /// <param name="mask">[batch, 1, height, width] or [1, 1, height, width]: at least 0.5 where it is to be repainted.</param>
    /// <returns>The condition with <c>mask</c> and <c>masked</c>, the latents of what is kept.</returns>
    /// <exception cref="InvalidOperationException">The network takes no mask.</exception>
    /// <exception cref="InputException">A shape does not fit.</exception>
    public Costate.Condition Inpainting(Costate.Condition condition, Tensor image, Tensor mask)
    {
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentNullException.ThrowIfNull(image);
        return Network is UNet2DConditionModel unet
            ? latents.Inpainting(condition, image, mask, unet.Config.InChannels)
            : throw new InvalidOperationException("The network takes no mask: it is not one for inpainting.");
    }

    /// <summary>What a denoiser is led away from, of batch 1, for <see cref="Denoiser.WithClassifierFreeGuidance"/> of
    /// <see cref="Denoiser"/>.</summary>
    /// <param name="negative">As for <see cref="Guided"/>.</param>
    /// <param name="truncate">As for <see cref="Condition(string, int, bool, PictureSizes?)"/>.</param>
    /// <exception cref="InputException">The text is too long.</exception>
    public Costate.Condition Unconditional(string? negative = null, bool truncate = false) => Texts.Negative(negative, truncate);

    /// <summary>
    /// Disposes the text encoders, once all conditions are made: T5-XXL alone holds 9.5 GB in 16 bits, and sampling does not need it.
    /// Conditions, guided denoisers and samplers made before stay good; to make others throws. Without effect on a family without text
    /// encoders.
    /// </summary>
    public void ReleaseTextEncoders()
    {
        isWithoutEncoders |= TextEncoder is not null || TextEncoder2 is not null || LongTextEncoder is not null;
        TextEncoder?.Dispose();
        TextEncoder2?.Dispose();
        LongTextEncoder?.Dispose();
        (TextEncoder, TextEncoder2, LongTextEncoder) = (null, null, null);
    }

    private IPipelineTexts Texts => isWithoutEncoders
        ? throw new InvalidOperationException(
            $"The text encoders of '{Source}' were released. Make all conditions before {nameof(ReleaseTextEncoders)}.")
        : texts;

    // The states of the negative prompt; null where the scale makes it useless.
    private Costate.Condition? Unconditional(double guidanceScale, string? negative, bool truncate)
    {
        if (!double.IsFinite(guidanceScale) || (guidanceScale == 1 && negative is { Length: > 0 }))
        {
            string expected = double.IsFinite(guidanceScale) ? "another number, for a negative prompt to have an effect" : "finite";
            throw new InputException(nameof(guidanceScale), $"{guidanceScale}", expected);
        }

        return Guidance != GuidanceKind.ClassifierFree && negative is not null ? throw JointTexts.NoNegative(negative)
            : Guidance != GuidanceKind.ClassifierFree || guidanceScale == 1 ? null
            : Unconditional(negative, truncate);
    }
}
