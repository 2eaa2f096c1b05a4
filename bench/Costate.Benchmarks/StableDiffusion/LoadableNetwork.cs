using System.Globalization;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Benchmarks.StableDiffusion;

/// <summary>A network of some width whose file of random weights can be written, and loaded.</summary>
/// <param name="Weights">The name of that file.</param>
/// <param name="Configuration">The configuration; each WIDTH in it stands for the width, each 4WIDTH for four times it.</param>
/// <param name="Random">A network of a configuration.</param>
/// <param name="Load">A network from a folder, in a dtype.</param>
internal sealed record LoadableNetwork(
    string Weights, string Configuration, Func<string, nn.Module> Random, Func<string, ScalarType, nn.Module> Load)
{
    private const string Safetensors = "diffusion_pytorch_model.safetensors";

    internal static LoadableNetwork Named(string kind) => kind switch
    {
        nameof(AutoencoderKL) => new(
            Safetensors,
            """
            {"_class_name": "AutoencoderKL", "block_out_channels": [WIDTH, 2WIDTH, 4WIDTH, 4WIDTH], "layers_per_block": 2,
             "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
             "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"]}
            """,
            config => new AutoencoderKL(AutoencoderKLConfig.Read(config)),
            (folder, dtype) => AutoencoderKL.FromPretrained(folder, dtype: dtype)),
        nameof(UNet2DModel) => new(
            Safetensors,
            """
            {"_class_name": "UNet2DModel", "sample_size": 32, "block_out_channels": [WIDTH, 2WIDTH, 4WIDTH, 4WIDTH],
             "attention_head_dim": 8, "num_class_embeds": 1000}
            """,
            config => new UNet2DModel(UNet2DConfig.Read(config)),
            (folder, dtype) => UNet2DModel.FromPretrained(folder, dtype: dtype)),
        nameof(ClipTextModel) => new(
            "model.safetensors",
            """
            {"architectures": ["CLIPTextModel"], "model_type": "clip_text_model", "hidden_size": WIDTH, "intermediate_size": 4WIDTH,
             "num_hidden_layers": 4}
            """,
            config => new ClipTextModel(ClipTextConfig.Read(config)),
            (folder, dtype) => ClipTextModel.FromPretrained(folder, dtype: dtype)),
        nameof(DiffusionAutoencoder) => new(
            "diffae.safetensors",
            """
            {"image_size": 64, "model_channels": WIDTH, "channel_mult": [1, 2, 4], "embed_channels": 4WIDTH,
             "enc_channel_mult": [1, 2, 4, 4], "enc_out_channels": 4WIDTH, "attention_resolutions": [16], "enc_attn_resolutions": [16]}
            """,
            config => new DiffusionAutoencoder(DiffusionAutoencoderConfig.Read(config)),
            (folder, dtype) => DiffusionAutoencoder.FromPretrained(folder, dtype: dtype)),
        _ => throw new ArgumentException($"There is no network {kind}."),
    };

    /// <summary>Writes configuration and weights into a folder, in place of others.</summary>
    internal void Write(string folder, int width, ScalarType dtype)
    {
        string config = Path.Combine(folder, "config.json");
        string Times(int factor) => (factor * width).ToString(CultureInfo.InvariantCulture);
        File.WriteAllText(config, Configuration.Replace("4WIDTH", Times(4), StringComparison.Ordinal)
            .Replace("2WIDTH", Times(2), StringComparison.Ordinal).Replace("WIDTH", Times(1), StringComparison.Ordinal));
        RandomWeights.Write(Path.Combine(folder, Weights), () => Random(config), dtype);
    }
}
