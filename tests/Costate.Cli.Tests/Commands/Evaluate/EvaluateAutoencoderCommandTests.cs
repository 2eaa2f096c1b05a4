using System.Text.Json;
using Costate.Testing;
using SkiaSharp;

namespace Costate.Cli.Tests.Commands.Evaluate;

public sealed class EvaluateAutoencoderCommandTests
{
    [Fact]
    public void Reconstructions_AreMeasuredAndShown()
    {
        using var folder = new TemporaryFolder();
        string weights = TinyWeights.Write(folder.PathTo("weights"));
        string[] arguments =
        [
            "evaluate",
            "autoencoder",
            "--weights",
            weights,
            "--faces",
            "3",
            "--steps",
            "2",
            "--threads",
            "1",
            "--output",
            folder.PathTo("out"),
        ];
        ToolRun run = Tool.Done(arguments);
        Assert.All((string[])["PSNR, dB", "judge-3, %", "its own noise", "other noise"], text => Assert.Contains(text, run.Output));

        string report = File.ReadAllText(folder.PathTo("out", "autoencoder.json"));
        JsonElement[] results = [.. JsonDocument.Parse(report).RootElement.GetProperty("results").EnumerateArray()];
        Assert.Equal(99, results[0].GetProperty("psnr").GetProperty("mean").GetDouble());
        Assert.All(results, r => Assert.Equal(3, r.GetProperty("accepted")[0].GetProperty("faces").GetProperty("total").GetInt32()));
        using SKBitmap sheet = SKBitmap.Decode(folder.PathTo("out", "reconstructions.png"));
        Assert.True(sheet.Width > 0 && sheet.Width == sheet.Height);

        Assert.Equal(report, Tool.Done([.. arguments, "--json"]).Output.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void Cancelled_GoesOn_AndPartsAreMerged()
    {
        using var folder = new TemporaryFolder();
        string weights = TinyWeights.Write(folder.PathTo("weights"));
        using var source = new CancellationTokenSource();
        source.Cancel();
        string[] all = ["evaluate", "autoencoder", "--weights", weights, "--faces", "3", "--steps", "2", "--batch", "1", "--output"];
        ToolRun run = Tool.Run([.. all, folder.PathTo("a"), "--shard", "1/2"], cancellationToken: source.Token);
        Assert.Equal(130, run.ExitCode);
        Assert.Contains("goes on with the rest", run.Error);
        Tool.Done([.. all, folder.PathTo("a"), "--shard", "1/2"]);
        Tool.Done([.. all, folder.PathTo("b"), "--shard", "2/2"]);
        ToolRun merged = Tool.Done(["evaluate", "merge", folder.PathTo("a"), folder.PathTo("b"), "--output", folder.PathTo("merged")]);
        Assert.Contains("its own noise", merged.Output);
        Tool.Done([.. all, folder.PathTo("shared"), "--shard", "dynamic"]);
        Assert.All(
            (string[])["autoencoder.csv", "autoencoder.json"],
            file => Assert.Equal(File.ReadAllText(folder.PathTo("shared", file)), File.ReadAllText(folder.PathTo("merged", file))));
    }

    [Fact]
    public void ResultThatIsRemovedFromAKilledRun_IsNamed_AndComputedByTheNext()
    {
        using var folder = new TemporaryFolder();
        string weights = TinyWeights.Write(folder.PathTo("weights"));
        string[] options = ["--weights", weights, "--faces", "2", "--steps", "2", "--shard", "dynamic", "--output", folder.PathTo("a")];
        string[] all = ["evaluate", "autoencoder", .. options];
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Equal(130, Tool.Run(all, cancellationToken: source.Token).ExitCode);
        File.WriteAllText(Path.Combine(Assert.Single(Directory.GetDirectories(folder.PathTo("a", ".leases"))), "00001.done"), "");
        Tool.Fails(1, all, "lacks 1 faces", "face 1", "run costate evaluate autoencoder on it");
        Assert.Contains("other noise", Tool.Done(all).Output);
    }

    [Fact]
    public void WeightsThatAreMissing_AreNamed()
    {
        using var folder = new TemporaryFolder();
        Tool.Fails(
            1,
            ["evaluate", "autoencoder", "--weights", folder.PathTo("none"), "--output", folder.PathTo("out")],
            "none",
            "folder of weights");
    }
}
