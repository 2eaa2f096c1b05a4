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
    internal static PipelineMemory Of(TransformerFamily family, int height, int width, ScalarType dtype)
    {
        (int channels, int blocks, int tokens) = family.Shape;
        double pixels = (double)height * width;
        double patches = pixels / Math.Pow(family.Multiple, 2), latents = pixels / Math.Pow(family.VaeConfig.Factor, 2);
        double positions = (family.Guidance == GuidanceKind.ClassifierFree ? 2 : 1) * (patches + tokens), bytes = dtype.ElementSize();
        (double decoding, double ofDecoder) = Decoder(family.VaeConfig);

        (double sample, double gradient) = OfBlocks(family is FluxFamily, channels, blocks, positions);
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
        // networks of 300 million parameters on 64 x 64 latents with 333 tokens: 71 MiB forward and 175 for a gradient where a block has
        // its feed-forward part after its attention (SD3), 90 and 254 where it has it beside (Flux).
        (double forward, double backward) = isBeside ? (17, 34) : (13.5, 25);
        double numbers = width * positions;
        return (forward * numbers, (blocks + backward) * numbers);
    }
}
