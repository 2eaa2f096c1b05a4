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
    public void Cancelled_ChangesNothing()
    {
        using var folder = new TemporaryFolder();
        string weights = TinyWeights.Write(folder.PathTo("weights"));
        using var source = new CancellationTokenSource();
        source.Cancel();
        ToolRun run = Tool.Run(
            ["evaluate", "autoencoder", "--weights", weights, "--output", folder.PathTo("out")],
            cancellationToken: source.Token);
        Assert.Equal(130, run.ExitCode);
        Assert.False(Directory.Exists(folder.PathTo("out")));
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
