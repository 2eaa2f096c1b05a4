using System.Text.Json;
using Costate.Experiments.Plots;
using Costate.Testing;
using SkiaSharp;

namespace Costate.Cli.Tests.Commands.Morph;

public sealed class MorphCommandTests : MorphRuns
{
    [Fact]
    public void BundledFaces_AreMorphed()
    {
        ToolRun run = Morph(["morph", .. Quick]);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.All(
            (string[])
                [
                    "attack (guides)",
                    "judge 3",
                    "takes it for both",
                    "the blend too",
                    "the blend alone: loss",
                    "the morph: loss",
                    "network evaluations",
                    "morph.png",
                ],
            text => Assert.Contains(text, run.Output));
        using SKBitmap morph = SKBitmap.Decode(Folder.PathTo("out", "morph.png"));
        Assert.Equal((16, 16), (morph.Width, morph.Height));

        // A, the blend, iterations 1 and 2 of 3, the best, B, each enlarged, with two lines below.
        using SKBitmap strip = SKBitmap.Decode(Folder.PathTo("out", "strip.png"));
        const int Cell = CaptionedSheet.SmallestCell + CaptionedSheet.Gap;
        Assert.Equal(
            ((6 * Cell) + CaptionedSheet.Gap, Cell + (2 * CaptionedSheet.LineHeight) + CaptionedSheet.Gap),
            (strip.Width, strip.Height));
        Assert.True(new FileInfo(Folder.PathTo("out", "loss.png")).Length > 1000);
        Assert.Equal(
            ["loss.png", "morph.png", "result.json", "strip.png"],
            Directory.GetFileSystemEntries(Folder.PathTo("out")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Report_SaysEverything()
    {
        ToolRun run = Morph(["morph", A, B, .. Quick, "--json", "--seed", "3", "--method", "adjoint-deis:2", "--adjoint-steps", "5"]);
        Assert.True(run.ExitCode == 0, run.Error);
        JsonElement report = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(run.Output.Trim(), File.ReadAllText(Folder.PathTo("out", "result.json")).Trim());
        Assert.Equal(4, report.GetProperty("losses").GetArrayLength());
        Assert.Equal(4, report.GetProperty("recognisers").GetArrayLength());
        Assert.Equal(3, report.GetProperty("seed").GetInt32());
        Assert.Equal(A, report.GetProperty("a").GetProperty("file").GetString());
        JsonElement settings = report.GetProperty("settings");
        Assert.Equal("adjoint-deis:2", settings.GetProperty("method").GetString());
        Assert.Equal(5, settings.GetProperty("adjointSteps").GetInt32());
        Assert.Equal("dpm++2m", settings.GetProperty("solver").GetString());
        JsonElement cost = report.GetProperty("cost");
        Assert.Equal(6, cost.GetProperty("encodingEvaluations").GetInt32());
        Assert.Equal((3 * (4 + 5)) + 4, cost.GetProperty("samplingEvaluations").GetInt32());
        Assert.True(report.GetProperty("peakMemoryBytes").GetInt64() > 1 << 20);
        double[] losses = [.. report.GetProperty("losses").EnumerateArray().Select(l => l.GetDouble())];
        Assert.Equal(Array.IndexOf(losses, losses.Min()), report.GetProperty("bestIteration").GetInt32());
        JsonElement blend = report.GetProperty("blend");
        Assert.Equal(losses[0], blend.GetProperty("loss").GetDouble());
        foreach (JsonElement of in (JsonElement[])[report, blend])
        {
            Assert.Equal(
                ["attack", "judge 1", "judge 2", "judge 3"],
                of.GetProperty("recognisers").EnumerateArray().Select(r => r.GetProperty("recogniser").GetString()));
            bool judged = of.GetProperty("recognisers").EnumerateArray().Skip(1).All(r => r.GetProperty("accepted").GetBoolean());
            Assert.Equal(judged, of.GetProperty("accepted").GetBoolean());
        }
    }

    // Adam's steps of both together overshoot at the rate that is right for each alone; a rate that is given is that of both.
    [Theory]
    [InlineData(0.01, 0.005)]
    [InlineData(0.1, 0.1, "--learning-rate", "0.1")]
    [InlineData(0.01, 0.02, "--code-learning-rate", "0.02")]
    public void CodeRate_IsLowerUnlessTold(double noise, double code, params string[] options)
    {
        ToolRun run = Morph(["morph", A, B, "--steps", "2", "--encode-steps", "2", "--iterations", "0", .. options, "--json"]);
        JsonElement settings = JsonDocument.Parse(run.Output).RootElement.GetProperty("settings");
        Assert.Equal(
            (noise, code),
            (settings.GetProperty("learningRate").GetDouble(), settings.GetProperty("codeLearningRate").GetDouble()));
    }

    [Fact]
    public void Blend_IsJudgedAsAMorphWithoutIterations()
    {
        ToolRun run = Morph(["morph", A, B, .. Quick, "--json"], "out");
        ToolRun blended = Morph(["morph", A, B, .. Quick[..4], "--iterations", "0", "--json"], "blend");
        JsonElement alone = JsonDocument.Parse(blended.Output).RootElement;
        string blend = JsonDocument.Parse(run.Output).RootElement.GetProperty("blend").GetProperty("recognisers").GetRawText();
        Assert.All(
            (string[])[alone.GetProperty("recognisers").GetRawText(), alone.GetProperty("blend").GetProperty("recognisers").GetRawText()],
            text => Assert.Equal(Compact(blend), Compact(text)));

        // A, the blend, B.
        using SKBitmap strip = SKBitmap.Decode(Folder.PathTo("blend", "strip.png"));
        Assert.Equal((3 * (CaptionedSheet.SmallestCell + CaptionedSheet.Gap)) + CaptionedSheet.Gap, strip.Width);

        static string Compact(string json) => json.Replace(" ", "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--sde")]
    [InlineData("--solver", "rex:euler", "--method", "reversible")]
    [InlineData(
        "--solver",
        "ddim",
        "--method",
        "unrolled",
        "--optimiser",
        "descent",
        "--momentum",
        "0.9",
        "--clip",
        "0.001",
        "--inject-noise",
        "0.0001",
        "--keep-norm")]
    [InlineData("--optimiser", "l-bfgs", "--optimise", "code", "--patience", "2", "--gradient-norm", "1", "--stop-at-loss", "-1")]
    [InlineData("--iterations", "0", "--blend", "0.3")]
    public void EveryKindOfRun_GivesTheSameTwice(params string[] options)
    {
        Assert.Equal(Losses("out"), Losses("again"));

        double[] Losses(string output)
        {
            string[] quick = [.. Quick.Chunk(2).Where(pair => !options.Contains(pair[0])).SelectMany(pair => pair)];
            ToolRun run = Morph(["morph", A, B, .. quick, .. options, "--json"], output);
            Assert.True(run.ExitCode == 0, run.Error);
            return [.. JsonDocument.Parse(run.Output).RootElement.GetProperty("losses").EnumerateArray().Select(l => l.GetDouble())];
        }
    }

    [Fact]
    public void LiveLine_ShowsTheLoss()
    {
        // As many steps as take longer than the line waits.
        ToolRun run = Tool.Run(
            ["morph", A, B, "--steps", "8", "--encode-steps", "8", "--iterations", "30", "--output", Folder.PathTo("out")],
            liveWidth: 80,
            morphModel: TinyMorphModel.Load);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("morphing", run.Error);
        Assert.Contains("loss 0.", run.Error.Replace("loss 1.", "loss 0.", StringComparison.Ordinal));
    }

    [Fact]
    public void OptionsThatDoNotGoTogether_AreRefused()
    {
        Refused(2, ["--solver", "ddim", "--sde"], "--sde", "not stochastic");
        Refused(2, ["--sde", "--encode-steps", "4"], "--encode-steps", "its own steps");
        Refused(2, ["--momentum", "0.5"], "--momentum", "descent");
        Refused(2, ["--optimiser", "l-bfgs", "--inject-noise", "1"], "--inject-noise");
        Refused(2, ["--optimiser", "sgd"], "sgd", "descent, adam, l-bfgs");
        Refused(2, ["--learning-rate", "0"], "Got 0 for --learning-rate", "above 0");
        Refused(2, ["--blend", "2"], "Got 2 for --blend", "0 to 1");
        Refused(2, ["--method", "reversible"], "reversible with the solver", "rex:euler");
        Refused(2, ["--adjoint-steps", "4"], "--adjoint-steps", "adjoint-deis");
        Refused(2, ["--solver", "rex:shark"], "both its states");
        Refused(2, ["--group", "2"], "--group", "--batch");
        Refused(2, [A], "Got 1 picture;", "two");
        Refused(2, [A, B, "--batch", "pairs.csv"], "--batch");
        Refused(2, ["--batch", Folder.PathTo("none.csv")], "none.csv", "does not exist", "--batch", "a,b");
    }

    [Fact]
    public void Pictures_ThatDoNotFit_AreRefused()
    {
        Refused(1, [A, Folder.PathTo("none.png")], "none.png", "no such file");
        Refused(1, [A, A], "same file", "two people");
        Refused(1, [A, Path.Combine(Folder.FullName, ".", "a.png")], "same file");
        File.CreateSymbolicLink(Folder.PathTo("link.png"), A);
        Refused(1, [A, Folder.PathTo("link.png")], "same file");
        Refused(1, [A, Folder.Write("text.png", "no")], "text.png");
    }

    [Fact]
    public void Cancelled_LeavesNothing_OrWhatIsDone()
    {
        using var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        ToolRun run = Tool.Run(
            ["morph", A, B, "--steps", "2000", "--output", Folder.PathTo("out")],
            cancellationToken: source.Token,
            morphModel: TinyMorphModel.Load);
        Assert.Equal(130, run.ExitCode);
        Assert.False(Directory.Exists(Folder.PathTo("out")));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        ToolRun batch = Tool.Run(
            ["morph", "--batch", Folder.Write("pairs.csv", "a.png,b.jpg"), .. Quick, "--output", Folder.PathTo("batch")],
            cancellationToken: cancelled.Token,
            morphModel: TinyMorphModel.Load);
        Assert.Equal(130, batch.ExitCode);
        Assert.Contains("goes on with the rest", batch.Error);
    }

    [Fact]
    public void StandardInput_IsForOnePicture()
    {
        byte[] first = File.ReadAllBytes(A);
        string[] quick = [.. Quick, "--output", Folder.PathTo("out")];
        ToolRun run = Tool.Run(["morph", "-", B, .. quick], morphModel: TinyMorphModel.Load, input: first);
        Assert.True(run.ExitCode == 0, run.Error);
        ToolRun both = Tool.Run(["morph", "-", "-", .. quick], morphModel: TinyMorphModel.Load, input: first);
        Assert.Equal(1, both.ExitCode);
        Assert.Contains("standard input was read for another", both.Error);
    }
}
