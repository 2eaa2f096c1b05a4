using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// What a pipeline's networks are estimated to hold at once beside their weights, in bytes, counted from the shapes of their layers: a
/// forward pass has the skip connections and the widest block's tensors, a gradient with blocks computed again the inputs of all blocks
/// and all tensors of the widest. One network works at a time, so the larger counts.
/// </summary>
/// <param name="Sample">For a sample and its picture.</param>
/// <param name="Gradient">For the gradient of a loss on the picture, with <c>GradientCheckpointing</c> on.</param>
internal sealed partial record PipelineMemory(double Sample, double Gradient)
{
    /// <summary>What .NET, torch's libraries and a few small things take by themselves; 0.24 GB were measured.</summary>
    internal const double Program = 0.25e9;

    /// <summary>Counts for a picture of a size.</summary>
    /// <param name="parts">The pipeline.</param>
    /// <param name="height">Of the picture, in pixels.</param>
    /// <param name="width">Of the picture, in pixels.</param>
    /// <param name="dtype">What the networks compute in.</param>
    /// <param name="batch">How many pictures; guided, the U-Net sees each twice.</param>
    internal static PipelineMemory Of(PipelineParts parts, int height, int width, ScalarType dtype, int batch = 1)
    {
        double latents = (double)batch * height * width / Math.Pow(parts.VaeConfig.Factor, 2);
        (double forward, double backward) = Unet(parts.UnetConfig);
        (double decoding, double ofDecoder) = Decoder(parts.VaeConfig);
        double unetBytes = 2 * latents * dtype.ElementSize(), codecBytes = latents * parts.CodecDtype(dtype).ElementSize();
        return new PipelineMemory(
            Math.Max(unetBytes * forward, codecBytes * decoding), Math.Max(unetBytes * backward, codecBytes * ofDecoder));
    }

    // Numbers for each latent's pixel, forward and for a gradient.
    private static (double Forward, double Backward) Unet(UNet2DConditionConfig config)
    {
        var count = new Blocks();
        int levels = config.BlockOutChannels.Count, channels = config.BlockOutChannels[0];
        int[] layersOf = [.. Enumerable.Range(0, levels).Select(level => UNet2DConditionConfig.Of(config.LayersPerBlock, level))];
        Stack<int> skips = DownBlock2D.KeptChannels(config.BlockOutChannels, layersOf);
        double held = 0;
        for (int level = 0; level < levels; level++)
        {
            held += Area(level) * config.BlockOutChannels[level] * (layersOf[level] + 1);
            for (int i = 0; i < layersOf[level]; i++)
            {
                count.Residual(channels, config.BlockOutChannels[level], Area(level));
                channels = config.BlockOutChannels[level];
                Attend(level, config.DownBlockTypes[level]);
            }
        }

        count.Residual(channels, channels, Area(levels - 1));
        Attend(levels - 1, config.MidBlockType is null ? "" : "CrossAttn");
        count.Residual(channels, channels, Area(levels - 1));
        for (int index = 0; index < levels; index++)
        {
            int level = levels - 1 - index;
            for (int i = 0; i <= layersOf[level]; i++)
            {
                count.Residual(channels + skips.Pop(), config.BlockOutChannels[level], Area(level));
                channels = config.BlockOutChannels[level];
                Attend(level, config.UpBlockTypes[index]);
            }
        }

        return (held + count.Forward, count.Kept + count.Backward);

        static double Area(int level) => 1 / Math.Pow(4, level);

        void Attend(int level, string type)
        {
            if (type.StartsWith("CrossAttn", StringComparison.Ordinal))
            {
                int blocks = UNet2DConditionConfig.Of(config.TransformerLayersPerBlock, level);
                count.Transformer(config.BlockOutChannels[level], blocks, Area(level));
            }
        }
    }

    private static (double Forward, double Backward) Decoder(AutoencoderKLConfig config)
    {
        var count = new Blocks();
        double area = 1;
        int channels = config.BlockOutChannels[^1];
        count.Residual(channels, channels, area);
        count.Residual(channels, channels, area);
        for (int level = config.BlockOutChannels.Count - 1; level >= 0; level--)
        {
            for (int i = 0; i <= config.LayersPerBlock; i++)
            {
                count.Residual(channels, config.BlockOutChannels[level], area);
                channels = config.BlockOutChannels[level];
            }

            area *= 4;
        }

        // The end, which no block computes again: what came out, normalised, through its activation.
        return (count.Forward, count.Kept + (3 * channels * area / 4) + count.Backward);
    }

    /// <summary>Blocks by their tensors: of each pixel so many numbers as channels.</summary>
    private sealed class Blocks
    {
        internal double Kept { get; private set; }

        internal double Forward { get; private set; }

        internal double Backward { get; private set; }

        // Input, normalised, activated, and the output of either convolution; with a graph all seven steps, and the cotangents of three.
        internal void Residual(int input, int output, double area) =>
            Add(input * area, ((3 * input) + (2 * output)) * area, ((3 * input) + (9 * output)) * area);

        // The gated projection has eight times the channels; both attentions and the projection with their cotangents forty-one times.
        internal void Transformer(int channels, int layers, double area) =>
            Add((2 + layers) * channels * area, 19 * channels * area, 41 * channels * area);

        private void Add(double kept, double forward, double backward)
        {
            Kept += kept;
            Forward = Math.Max(Forward, forward);
            Backward = Math.Max(Backward, backward);
        }
    }
}
