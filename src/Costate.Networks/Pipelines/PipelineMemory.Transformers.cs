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
        var count = new Blocks();
        count.Transformer(channels, blocks, positions);
        return new PipelineMemory(
            bytes * Math.Max(count.Forward, latents * decoding), bytes * Math.Max(count.Kept + count.Backward, latents * ofDecoder));
    }
}
