using Costate.Testing;

namespace Costate.Cli.Tests.Commands.Train;

/// <summary>costate train autoencoder.</summary>
public sealed class TrainAutoencoderCommandTests
{
    [Fact]
    public void From_IsAFileOfWeights()
    {
        using var folder = new TemporaryFolder();
        string[] small = ["--steps", "1", "--identities", "2", "--circumstances", "1", "--batch", "1", "--output", folder.PathTo("run")];
        Tool.Fails(1, ["train", "autoencoder", "--from", folder.PathTo("none.safetensors"), .. small], "none.safetensors");
    }
}
