using System.Globalization;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Transformers;

/// <summary>
/// What one gradient of a loss on a picture takes of each published transformer, at its own size, steps and guidance and in 16 bits:
/// counted from configurations by the formula of costate model, which <see cref="TransformerBenchmark"/> holds against measurements.
/// </summary>
internal static class PublishedSizes
{
    private const double Gibibyte = 1 << 30;

    // Of a GPU of 80 GB.
    private const double Most = 80e9 / Gibibyte;

    private const long Clips = 123_650_304 + 694_659_840, ClipL = 123_060_480, T5 = 4_762_310_656;

    private static readonly AutoencoderKLConfig SmallVae = new() { BlockOutChannels = [128, 256, 512, 512], LayersPerBlock = 2 };

    private static readonly AutoencoderKLConfig Vae = SmallVae with { LatentChannels = 16 };

    // Steps are those of the published pipelines where nothing else is asked for.
    private static readonly Model[] All =
    [
        new("SD3-medium", 2_028_328_000, Clips + T5, (1536, 24, 333), Side: 1024, Steps: 28, Vae),
        new("SD3.5-medium", 2_243_171_520, Clips + T5, (1536, 24, 333), Side: 1024, Steps: 28, Vae),
        new("SD3.5-large", 8_056_627_520, Clips + T5, (2432, 38, 333), Side: 1024, Steps: 28, Vae),
        new("FLUX.1-dev", 11_901_408_320, ClipL + T5, (3072, 57, 512), Side: 1024, Steps: 28, Vae) { IsFlux = true },
        new("FLUX.1-schnell", 11_891_178_560, ClipL + T5, (3072, 57, 256), Side: 1024, Steps: 4, Vae) { IsFlux = true },
        new("PixArt-alpha 512", 610_856_096, T5, (1152, 28, 120), Side: 512, Steps: 20, SmallVae),
        new("PixArt-alpha 1024", 611_349_152, T5, (1152, 28, 120), Side: 1024, Steps: 20, SmallVae),
        new("DiT-XL/2 256", 749_826_464, 0, (1152, 28, 0), Side: 256, Steps: 50, SmallVae),
    ];

    internal static IEnumerable<Figure> Run() => All.Select(model => model.Peak());

    private sealed record Model(
        string Name, long Parameters, long Texts, (int Width, int Blocks, int Tokens) Shape, int Side, int Steps, AutoencoderKLConfig Codec)
    {
        private const int Patch = 16;
        private const long CodecParameters = 83_819_683;

        /// <summary>Flux has its blocks' feed-forward part beside the attention, and is told its guidance.</summary>
        internal bool IsFlux { get; init; }

        internal Figure Peak()
        {
            const int Bytes = sizeof(ushort);
            PipelineMemory memory = PipelineMemory.Of(
                IsFlux, Shape, !IsFlux, Patch, Codec, (double)Side * Side, ScalarType.BFloat16);
            double weights = Bytes * (double)(Parameters + CodecParameters), texts = Bytes * (double)Texts;
            return new Figure(
                $"{Name}, gradient at {Side} x {Side}: peak, GiB",
                (PipelineMemory.Program + weights + memory.Gradient) / Gibibyte,
                Most,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Steps} evaluations{(IsFlux ? "" : " of two pictures each")}, {Steps} products; weights {weights / Gibibyte:F1}, "
                        + $"tensors {memory.Gradient / Gibibyte:F1} (a sample {memory.Sample / Gibibyte:F1}); text encoders, which come "
                        + $"before and are let go of, {texts / Gibibyte:F1}"));
        }
    }
}
