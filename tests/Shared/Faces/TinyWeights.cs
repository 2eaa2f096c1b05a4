using Costate.Faces.Drawing;
using Costate.Faces.Models;
using Costate.Faces.Recognition;
using Costate.Faces.Training;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Testing;

/// <summary>A folder of small random weights in place of those that come with the tool.</summary>
internal static class TinyWeights
{
    public static PatchedAutoencoderConfig Autoencoder { get; } = new()
    {
        PatchSize = 8,
        Prediction = Prediction.Velocity,
        Network = new DiffusionAutoencoderConfig
        {
            ImageSize = 8,
            InChannels = 192,
            OutChannels = 192,
            ModelChannels = 32,
            ChannelMult = [1, 1],
            NumResBlocks = 1,
            EmbedChannels = 16,
            EncOutChannels = 16,
            EncNumResBlock = 1,
            EncChannelMult = [1, 1],
            AttentionResolutions = [],
            Dropout = 0,
        },
    };

    /// <summary>Writes all networks; with thresholds unless told otherwise.</summary>
    public static string Write(string folder, bool calibrated = true)
    {
        using DisposeScope scope = NewDisposeScope();
        Directory.CreateDirectory(folder);
        using var random = new StepRandom(1, 0);
        using var autoencoder = new PatchedAutoencoder(Autoencoder);
        random.Initialise(autoencoder);
        FillZeros(autoencoder);
        autoencoder.Save(Path.Combine(folder, EmbeddedModel.AutoencoderFile));
        foreach ((int seed, string name) in EmbeddedRecogniser.AllNames.Index())
        {
            using var recogniser = new FaceRecogniser(new FaceRecogniserConfig { Width = 8, EmbeddingWidth = 16 });
            random.Initialise(recogniser);
            recogniser.Save(
                Path.Combine(folder, EmbeddedRecogniser.FileOf(name)),
                metadata: new Dictionary<string, string> { ["loss"] = "arcface", ["seed"] = $"{seed}", ["steps"] = "0" });
        }

        TinyTextModel.Write(new EmbeddedModel(folder).TextFolder);
        if (calibrated)
        {
            File.WriteAllText(
                Path.Combine(folder, Calibration.FileName),
                RecogniserEvaluation.Run(folder, identities: 24, pictures: 2, _ => { }, default).Text);
        }

        return folder;
    }

    // What begins at zero would keep the code, and all else, from having any effect.
    private static void FillZeros(nn.Module network)
    {
        using IDisposable noGraph = no_grad();
        foreach ((int index, TorchSharp.Modules.Parameter parameter) in network.parameters().Index())
        {
            if (parameter.dim() > 1 && parameter.count_nonzero().item<long>() == 0)
            {
                parameter.copy_(
                    StartNoise.Draw(parameter.shape, (ulong)index).mul_(0.5 / Math.Sqrt((double)parameter.numel() / parameter.shape[0])));
            }
        }
    }

    /// <summary>Two faces that nothing is trained on, [2, 3, 64, 64].</summary>
    public static Tensor Faces() => FaceData.HeldOut(2, 1, DrawnFaces.FirstHeldOut);
}
