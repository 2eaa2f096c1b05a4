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

        // Of each position so many times the width. Measured as the growth of the peak, in 32 bits and with blocks computed again, of
        // networks of 300 million parameters on 64 x 64 latents with 333 tokens: 71 MiB forward and 175 for a gradient where a block has
        // its feed-forward part after its attention (SD3), 90 and 254 where it has it beside (Flux).
        (double forward, double backward) = family is FluxFamily ? (17, 34) : (13.5, 25);
        double numbers = channels * positions;
        return new PipelineMemory(
            bytes * Math.Max(forward * numbers, latents * decoding), bytes * Math.Max((blocks + backward) * numbers, latents * ofDecoder));
    }
}
