using Costate.Testing;

namespace Costate.Cli.Tests.Commands.Train;

/// <summary>costate train recogniser.</summary>
public sealed class TrainRecogniserCommandTests
{
    [Theory]
    [InlineData("--seed 6", "seed 6")]
    [InlineData("--batch 3", "batch 3")]
    [InlineData("--learning-rate 0.5", "learning-rate 0.5")]
    [InlineData("--loss cosface", "loss cosface")]
    [InlineData("--width 16", "width 16")]
    [InlineData("--identities 5 --data other.safetensors", "data 5 x 2 faces")]
    public void ChangedSetting_IsRefusedByName(string change, string says)
    {
        using var folder = new TemporaryFolder();
        var options = new Dictionary<string, string>
        {
            ["--seed"] = "5",
            ["--batch"] = "4",
            ["--learning-rate"] = "0.001",
            ["--loss"] = "arcface",
            ["--width"] = "8",
            ["--identities"] = "4",
            ["--circumstances"] = "2",
            ["--data"] = "faces.safetensors",
            ["--steps"] = "1",
        };
        string[] Arguments() =>
            [
                "train",
                "recogniser",
                "--output",
                folder.PathTo("run"),
                .. options.SelectMany(o => (string[])[o.Key, o.Key == "--data" ? folder.PathTo(o.Value) : o.Value]),
            ];
        Tool.Done(Arguments());
        foreach (string[] pair in change.Split(' ').Chunk(2))
        {
            options[pair[0]] = pair[1];
        }

        Tool.Fails(1, Arguments(), $"Got {says}; the training in", "output folder");
    }
}
