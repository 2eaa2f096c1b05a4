using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <content>Of pipelines with a transformer.</content>
internal sealed partial record PipelineMemory
{
    /// <summary>Counts for a picture of a size.</summary>
    /// <param name="family">The pipeline.</param>
    /// <param name="height">Of the picture, in pixels.</param>
    /// <param name="width">Of the picture, in pixels.</param>
    /// <param name="dtype">What the networks compute in.</param>
    internal static PipelineMemory Of(TransformerFamily family, int height, int width, ScalarType dtype) => Of(
        family is FluxFamily,
        family.Shape,
        family.Guidance == GuidanceKind.ClassifierFree,
        family.Multiple,
        family.VaeConfig,
        (double)height * width,
        dtype);

    /// <summary>The same of what a family is.</summary>
    /// <param name="isBeside">As for <see cref="OfBlocks"/>.</param>
    /// <param name="shape">The transformer's width and blocks, and tokens of a text.</param>
    /// <param name="isGuided">Whether an evaluation sees each picture twice.</param>
    /// <param name="multiple">Pixels along a patch.</param>
    /// <param name="vae">The autoencoder.</param>
    /// <param name="pixels">Of the picture.</param>
    /// <param name="dtype">What the networks compute in.</param>
    internal static PipelineMemory Of(
        bool isBeside,
        (int Width, int Blocks, int Tokens) shape,
        bool isGuided,
        int multiple,
        AutoencoderKLConfig vae,
        double pixels,
        ScalarType dtype)
    {
        double latents = pixels / Math.Pow(vae.Factor, 2), bytes = dtype.ElementSize();
        double positions = (isGuided ? 2 : 1) * ((pixels / Math.Pow(multiple, 2)) + shape.Tokens);
        (double decoding, double ofDecoder) = Decoder(vae);
        (double sample, double gradient) = OfBlocks(isBeside, shape.Width, shape.Blocks, positions);
        return new PipelineMemory(bytes * Math.Max(sample, latents * decoding), bytes * Math.Max(gradient, latents * ofDecoder));
    }

    /// <summary>How many numbers a transformer holds at once beside its weights, in a forward pass and for a gradient.</summary>
    /// <param name="isBeside">Whether a block's feed-forward part stands beside its attention, rather than after it.</param>
    /// <param name="width">Of its vectors.</param>
    /// <param name="blocks">How many it has.</param>
    /// <param name="positions">Patches and tokens.</param>
    internal static (double Sample, double Gradient) OfBlocks(bool isBeside, int width, int blocks, double positions)
    {
        // Of each position so many times the width. Measured as the growth of the peak, in 32 bits and with blocks computed again, of
        // networks of 300 million parameters on 64 x 64 latents: where a block has its feed-forward part after its attention 50 MiB
        // forward and 175 for a gradient (SD3, 14 blocks), 53 and 182 (DiT, 11), 63 and 215 (PixArt, 13); where it has it beside, 74 and
        // 312 (Flux, 25).
        (double forward, double backward) = isBeside ? (16.5, 44) : (12.5, 30);
        double numbers = width * positions;
        return (forward * numbers, (blocks + backward) * numbers);
    }
}
