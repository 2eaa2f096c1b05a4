using Costate.Faces.Models;
using Costate.Faces.Recognition;
using Costate.Testing;
using SkiaSharp;

namespace Costate.Cli.Tests.Commands.Evaluate;

public sealed class EvaluateRecognisersCommandTests
{
    private static readonly string[] Few = ["--identities", "24", "--pictures", "2", "--threads", "1"];

    [Fact]
    public void Thresholds_AreWrittenForTheOtherCommands()
    {
        using var folder = new TemporaryFolder();
        string weights = TinyWeights.Write(folder.PathTo("weights"), calibrated: false);
        ToolRun run = Tool.Done(["evaluate", "recognisers", "--weights", weights, "--output", weights, .. Few]);

        Assert.Contains("1,104 impostor and 24 genuine pairs", run.Output);
        Assert.All(EmbeddedRecogniser.AllNames, name => Assert.Contains($" {name} ", run.Output));
        using var model = new EmbeddedModel(weights);
        Assert.InRange(model.Attack.Threshold, -1, 1);
        using SKBitmap plot = SKBitmap.Decode(Path.Combine(weights, "recognisers-roc.png"));
        Assert.Equal(1600, plot.Width);
        Assert.True(plot.Pixels.Where(p => p.Red != p.Green || p.Green != p.Blue).Distinct().Count() > 5);
    }

    [Fact]
    public void Json_IsTheFile()
    {
        using var folder = new TemporaryFolder();
        string weights = TinyWeights.Write(folder.PathTo("weights"), calibrated: false);
        ToolRun run = Tool.Done(["evaluate", "recognisers", "--weights", weights, "--output", folder.PathTo("out"), "--json", .. Few]);
        Assert.Equal(File.ReadAllText(folder.PathTo("out", "recognisers.json")), run.Output);
    }

    [Fact]
    public void Cancelled_ChangesNothing()
    {
        using var folder = new TemporaryFolder();
        string weights = TinyWeights.Write(folder.PathTo("weights"), calibrated: false);
        using var source = new CancellationTokenSource();
        source.Cancel();
        ToolRun run = Tool.Run(
            ["evaluate", "recognisers", "--weights", weights, "--output", folder.PathTo("out"), .. Few],
            cancellationToken: source.Token);
        Assert.Equal(130, run.ExitCode);
        Assert.False(Directory.Exists(folder.PathTo("out")));
    }

    [Fact]
    public void Parts_AreMerged()
    {
        using var folder = new TemporaryFolder();
        string weights = TinyWeights.Write(folder.PathTo("weights"), calibrated: false);
        string[] all = ["evaluate", "recognisers", "--weights", weights, "--identities", "92", "--pictures", "2", "--output"];
        Tool.Done([.. all, folder.PathTo("a"), "--shard", "1/2"]);
        Tool.Done([.. all, folder.PathTo("b"), "--shard", "2/2"]);
        ToolRun merged = Tool.Done(
            ["evaluate", "merge", folder.PathTo("a"), folder.PathTo("b"), "--output", folder.PathTo("merged"), "--json"]);
        string found = File.ReadAllText(folder.PathTo("merged", "recognisers.json"));
        Assert.Equal(found, merged.Output);
        Tool.Done([.. all, folder.PathTo("shared"), "--shard", "dynamic", "--batch", "16"]);
        Assert.Equal(File.ReadAllText(folder.PathTo("shared", "recognisers.json")), found);
    }

    [Fact]
    public void WeightsThatAreMissing_AreNamed()
    {
        using var folder = new TemporaryFolder();
        Tool.Fails(
            1,
            ["evaluate", "recognisers", "--weights", folder.PathTo("none"), "--output", folder.PathTo("out"), .. Few],
            "recogniser-attack.safetensors",
            "costate train all");
        Assert.False(Directory.Exists(folder.PathTo("out")));
    }

    [Fact]
    public void WeightsOfOtherOrigin_AreRefused()
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        using var folder = new TemporaryFolder();
        string weights = TinyWeights.Write(folder.PathTo("weights"), calibrated: false);
        using (var silent = new FaceRecogniser(new() { Width = 8 }))
        {
            silent.Save(Path.Combine(weights, "recogniser-pairs.safetensors"));
        }

        Tool.Fails(
            1,
            ["evaluate", "recognisers", "--weights", weights, "--output", folder.PathTo("out"), .. Few],
            "recogniser-pairs.safetensors",
            "does not say its loss",
            "costate train recogniser");
    }

    [Theory]
    [InlineData("--identities 3 --pictures 2", "12 pairs", "1000")]
    [InlineData("--identities 100000", "pairs")]
    [InlineData("--pictures 1", "Got 1 for --pictures", "from 2")]
    public void TooFewOrTooManyPairs_AreBadUsage(string options, params string[] says) =>
        Tool.Fails(2, ["evaluate", "recognisers", .. options.Split(' ')], says);
}
