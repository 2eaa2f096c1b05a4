using Costate.Faces.Models;
using Costate.Faces.Training;
using Costate.Networks;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Training;

public sealed class WidenedWeightsTests
{
    private static readonly PatchedAutoencoderConfig Narrow = new()
    {
        PatchSize = 4,
        Prediction = Prediction.Velocity,
        Network = new DiffusionAutoencoderConfig
        {
            ImageSize = 16,
            InChannels = 48,
            OutChannels = 48,
            ModelChannels = 32,
            ChannelMult = [1, 2],
            NumResBlocks = 1,
            EmbedChannels = 16,
            EncOutChannels = 16,
            EncNumResBlock = 1,
            EncChannelMult = [1, 2],
            AttentionResolutions = [],
            ResblockUpdown = false,
            Dropout = 0,
        },
    };

    [Fact]
    public void SameWidths_AreCopied()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using PatchedAutoencoder narrow = Filled(Narrow, 1);
        using PatchedAutoencoder copy = Widened(narrow, Narrow, folder, hasTrainedEncoder: true);
        Assert.All(narrow.parameters().Zip(copy.parameters()), p => Assert.True(p.First.equal(p.Second).all().item<bool>()));
    }

    [Fact]
    public void WiderEncoderAndCode_ComputeTheSame()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using PatchedAutoencoder narrow = Filled(Narrow, 1);
        PatchedAutoencoderConfig config = Narrow with
        {
            Network = Narrow.Network with { EncChannelMult = [1, 4], EncOutChannels = 32, ResnetCondChannels = 32 },
        };
        using PatchedAutoencoder wide = Widened(narrow, config, folder);
        Tensor faces = TinyWeights.Faces();

        // The noise of 2 % that keeps repetitions apart, through a few layers.
        Assert.InRange(Difference(narrow.Encode(faces), wide.Encode(faces).narrow(1, 0, 16)), 0, 0.1);
        Assert.InRange(Difference(Predicted(narrow, faces), Predicted(wide, faces)), 0, 0.05);

        // A network of other weights does not.
        using PatchedAutoencoder other = Filled(Narrow, 2);
        Assert.True(Difference(Predicted(narrow, faces), Predicted(other, faces)) > 0.5);
    }

    [Fact]
    public void WiderNetwork_ComputesNearlyTheSame()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using PatchedAutoencoder narrow = Filled(Narrow, 1);
        using PatchedAutoencoder wide = Widened(
            narrow, Narrow with { Network = Narrow.Network with { ChannelMult = [1, 4] } }, folder, hasTrainedEncoder: true);
        Tensor faces = TinyWeights.Faces();

        // The groups of the one normalisation that joins wide and narrow states are others.
        Assert.InRange(Difference(Predicted(narrow, faces), Predicted(wide, faces)), 0, 0.25);
    }

    [Fact]
    public void NewGates_BeginClosed()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using PatchedAutoencoder narrow = Filled(Narrow, 1);
        PatchedAutoencoderConfig config = Narrow with { Network = Narrow.Network with { OutChannels = 96 } };
        using PatchedAutoencoder gated = Widened(narrow, config, folder, hasTrainedEncoder: true);
        Tensor faces = TinyWeights.Faces();
        Assert.InRange(Difference(Predicted(narrow, faces), Predicted(gated, faces)), 0, 1e-6);
    }

    [Fact]
    public void GatesThatTheNewNetworkHasNot_AreRefused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using PatchedAutoencoder gated = Filled(Narrow with { Network = Narrow.Network with { OutChannels = 96 } }, 1);
        InputException refused = Assert.Throws<InputException>(() => Widened(gated, Narrow, folder));
        Assert.Contains("96 channels where this one has 48", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WidthsThatDoNotDivide_AreRefused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using PatchedAutoencoder narrow = Filled(Narrow, 1);
        InputException refused = Assert.Throws<InputException>(() =>
            Widened(narrow, Narrow with { Network = Narrow.Network with { ChannelMult = [1, 3], EncChannelMult = [1, 3] } }, folder));
        Assert.Contains("64 channels where this one has 96", refused.Message, StringComparison.Ordinal);
    }

    private static PatchedAutoencoder Filled(PatchedAutoencoderConfig config, ulong seed)
    {
        using IDisposable noGraph = no_grad();
        var network = new PatchedAutoencoder(config);
        foreach ((int index, TorchSharp.Modules.Parameter parameter) in network.parameters().Index())
        {
            double scale = parameter.dim() > 1 ? 1 / Math.Sqrt((double)parameter.numel() / parameter.shape[0]) : 0.2;
            parameter.copy_(StartNoise.Draw(parameter.shape, (seed * 1000) + (ulong)index).mul_(scale).add_(parameter.dim() > 1 ? 0 : 0.5));
        }

        network.eval();
        return network;
    }

    private static PatchedAutoencoder Widened(
        PatchedAutoencoder narrow, PatchedAutoencoderConfig config, TemporaryFolder folder, bool hasTrainedEncoder = false)
    {
        narrow.Save(folder.PathTo("narrow.safetensors"));
        var wide = new PatchedAutoencoder(config);
        using var random = new StepRandom(3, 0);
        random.Initialise(wide);
        try
        {
            Assert.Equal(hasTrainedEncoder, WidenedWeights.Copy(folder.PathTo("narrow.safetensors"), wide, random));
        }
        catch
        {
            wide.Dispose();
            throw;
        }

        wide.eval();
        return wide;
    }

    private static Tensor Predicted(PatchedAutoencoder network, Tensor faces)
    {
        using IDisposable noGraph = no_grad();
        return network.call(StartNoise.Draw(faces.shape, 4), tensor(new[] { 300f, 800f }), network.Encode(faces));
    }

    private static double Difference(Tensor expected, Tensor got) => (got - expected).norm().item<float>() / expected.norm().item<float>();
}
