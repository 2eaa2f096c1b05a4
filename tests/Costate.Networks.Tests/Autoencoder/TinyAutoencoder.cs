using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>A small autoencoder that halves the sides of images.</summary>
internal static class TinyAutoencoder
{
    public static AutoencoderKLConfig Config { get; } = new()
    {
        BlockOutChannels = [8, 8],
        DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"],
        UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
        NormNumGroups = 4,
    };

    public static AutoencoderKL Network(AutoencoderKLConfig? config = null)
    {
        AutoencoderKL network = RandomParameters.Fill(new AutoencoderKL(config ?? Config));
        network.to(ScalarType.Float64);
        PretrainedNetwork.OwnParameters(network);
        return network;
    }

    public static Tensor Image(int height, int width, int batch = 1) => StartNoise.Draw([batch, 3, height, width], 1, ScalarType.Float64);

    public static Tensor Latents(int height, int width, int batch = 1) => StartNoise.Draw([batch, 4, height, width], 2, ScalarType.Float64);
}
