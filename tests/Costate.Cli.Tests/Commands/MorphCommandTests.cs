using System.Text.Json;
using Costate.Experiments.Plots;
using Costate.Faces.Morphs;
using Costate.Testing;
using SkiaSharp;

namespace Costate.Cli.Tests.Commands;

public sealed class MorphCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly string a;
    private readonly string b;

    public MorphCommandTests()
    {
        a = Pictures.Write(folder.PathTo("a.png"), 40, 32);
        b = Pictures.Write(folder.PathTo("b.jpg"), 32, 48, (x, y) => new SKColor((byte)(5 * y), 128, (byte)(8 * x)), SKEncodedImageFormat.Jpeg);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void BundledFaces_AreMorphed()
    {
        ToolRun run = Morph(["morph", .. Quick]);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.All((string[])["attack (guides)", "judge 3", "takes it for both", "the blend too", "the blend alone: loss", "the morph: loss", "network evaluations", "morph.png"], text => Assert.Contains(text, run.Output));
        using SKBitmap morph = SKBitmap.Decode(folder.PathTo("out", "morph.png"));
        Assert.Equal((16, 16), (morph.Width, morph.Height));

        // A, the blend, iterations 1 and 2 of 3, the best, B, each enlarged, with two lines below.
        using SKBitmap strip = SKBitmap.Decode(folder.PathTo("out", "strip.png"));
        const int Cell = CaptionedSheet.SmallestCell + CaptionedSheet.Gap;
        Assert.Equal(((6 * Cell) + CaptionedSheet.Gap, Cell + (2 * CaptionedSheet.LineHeight) + CaptionedSheet.Gap), (strip.Width, strip.Height));
        Assert.True(new FileInfo(folder.PathTo("out", "loss.png")).Length > 1000);
        Assert.Equal(["loss.png", "morph.png", "result.json", "strip.png"], Directory.GetFileSystemEntries(folder.PathTo("out")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Report_SaysEverything()
    {
        ToolRun run = Morph(["morph", a, b, .. Quick, "--json", "--seed", "3", "--method", "adjoint-deis:2", "--adjoint-steps", "5"]);
        Assert.True(run.ExitCode == 0, run.Error);
        JsonElement report = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(run.Output.Trim(), File.ReadAllText(folder.PathTo("out", "result.json")).Trim());
        Assert.Equal(4, report.GetProperty("losses").GetArrayLength());
        Assert.Equal(4, report.GetProperty("recognisers").GetArrayLength());
        Assert.Equal(3, report.GetProperty("seed").GetInt32());
        Assert.Equal(a, report.GetProperty("a").GetProperty("file").GetString());
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
            Assert.Equal(["attack", "judge 1", "judge 2", "judge 3"], of.GetProperty("recognisers").EnumerateArray().Select(r => r.GetProperty("recogniser").GetString()));
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
        ToolRun run = Morph(["morph", a, b, "--steps", "2", "--encode-steps", "2", "--iterations", "0", .. options, "--json"]);
        JsonElement settings = JsonDocument.Parse(run.Output).RootElement.GetProperty("settings");
        Assert.Equal((noise, code), (settings.GetProperty("learningRate").GetDouble(), settings.GetProperty("codeLearningRate").GetDouble()));
    }

    [Fact]
    public void Blend_IsJudgedAsAMorphWithoutIterations()
    {
        ToolRun run = Morph(["morph", a, b, .. Quick, "--json"], "out");
        ToolRun blended = Morph(["morph", a, b, .. Quick[..4], "--iterations", "0", "--json"], "blend");
        JsonElement alone = JsonDocument.Parse(blended.Output).RootElement;
        string blend = JsonDocument.Parse(run.Output).RootElement.GetProperty("blend").GetProperty("recognisers").GetRawText();
        Assert.All((string[])[alone.GetProperty("recognisers").GetRawText(), alone.GetProperty("blend").GetProperty("recognisers").GetRawText()], text => Assert.Equal(Compact(blend), Compact(text)));

        // A, the blend, B.
        using SKBitmap strip = SKBitmap.Decode(folder.PathTo("blend", "strip.png"));
        Assert.Equal((3 * (CaptionedSheet.SmallestCell + CaptionedSheet.Gap)) + CaptionedSheet.Gap, strip.Width);

        static string Compact(string json) => json.Replace(" ", "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--sde")]
    [InlineData("--solver", "rex:euler", "--method", "reversible")]
    [InlineData("--solver", "ddim", "--method", "unrolled", "--optimiser", "descent", "--momentum", "0.9", "--clip", "0.001", "--inject-noise", "0.0001", "--keep-norm")]
    [InlineData("--optimiser", "l-bfgs", "--optimise", "code", "--patience", "2", "--gradient-norm", "1", "--stop-at-loss", "-1")]
    [InlineData("--iterations", "0", "--blend", "0.3")]
    public void EveryKindOfRun_GivesTheSameTwice(params string[] options)
    {
        Assert.Equal(Losses("out"), Losses("again"));

        double[] Losses(string output)
        {
            string[] quick = [.. Quick.Chunk(2).Where(pair => !options.Contains(pair[0])).SelectMany(pair => pair)];
            ToolRun run = Morph(["morph", a, b, .. quick, .. options, "--json"], output);
            Assert.True(run.ExitCode == 0, run.Error);
            return [.. JsonDocument.Parse(run.Output).RootElement.GetProperty("losses").EnumerateArray().Select(l => l.GetDouble())];
        }
    }

    [Fact]
    public void LiveLine_ShowsTheLoss()
    {
        // As many steps as take longer than the line waits.
        ToolRun run = Tool.Run(["morph", a, b, "--steps", "8", "--encode-steps", "8", "--iterations", "30", "--output", folder.PathTo("out")], liveWidth: 80, morphModel: TinyMorphModel.Load);
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
        Refused(2, [a], "Got 1 picture;", "two");
        Refused(2, [a, b, "--batch", "pairs.csv"], "--batch");
        Refused(1, ["--batch", folder.PathTo("none.csv")], "none.csv", "no such file");
    }

    [Fact]
    public void Pictures_ThatDoNotFit_AreRefused()
    {
        Refused(1, [a, folder.PathTo("none.png")], "none.png", "no such file");
        Refused(1, [a, a], "same file", "two people");
        Refused(1, [a, Path.Combine(folder.FullName, ".", "a.png")], "same file");
        File.CreateSymbolicLink(folder.PathTo("link.png"), a);
        Refused(1, [a, folder.PathTo("link.png")], "same file");
        Refused(1, [a, folder.Write("text.png", "no")], "text.png");
    }

    [Fact]
    public void Batch_IsResumed_AndBadRowsAreNamed()
    {
        string pairs = folder.Write("pairs.csv", "a,b,name\na.png,b.jpg,one\na.png,none.png,two\nb.jpg,a.png,three\na.png\na.png,a.png,same\n");
        ToolRun first = Batch(pairs);
        Assert.Equal(1, first.ExitCode);
        Assert.All((string[])["line 3:", "none.png", "line 5:", "line 6:", "same file"], text => Assert.Contains(text, first.Error));
        Assert.True(File.Exists(folder.PathTo("out", "one", "strip.png")) && File.Exists(folder.PathTo("out", "three", "result.json")));
        string[] table = File.ReadAllLines(folder.PathTo("out", "morphs.csv"));
        Assert.Equal(6, table.Length);
        Assert.StartsWith("line,name,accepted,loss,blend_accepted,blend_loss,attack_to_a,attack_to_b,judge_1_to_a", table[0], StringComparison.Ordinal);
        Assert.Contains("none.png", table[2]);
        Assert.Equal(4, table[1].Split(',').Skip(2).Take(4).Count(cell => cell.Length > 0));

        // The second run makes what the first could not, and leaves the rest as it is.
        DateTime made = File.GetLastWriteTimeUtc(folder.PathTo("out", "one", "morph.png"));
        File.Copy(b, folder.PathTo("none.png"));
        File.WriteAllText(pairs, "a,b,name\na.png,b.jpg,one\na.png,none.png,two\nb.jpg,a.png,three\n");
        ToolRun second = Batch(pairs, "--json");
        Assert.True(second.ExitCode == 0, second.Error);
        JsonElement[] rows = [.. JsonDocument.Parse(second.Output).RootElement.GetProperty("pairs").EnumerateArray()];
        Assert.Equal([true, false, true], rows.Select(r => r.GetProperty("wasThere").GetBoolean()));
        Assert.Equal(made, File.GetLastWriteTimeUtc(folder.PathTo("out", "one", "morph.png")));

        ToolRun other = Batch(pairs, "--blend", "0.4", "--solver", "ddim");
        Assert.Equal(1, other.ExitCode);
        Assert.All((string[])["other settings", "blend (there 0.5, now 0.4)", "solver (there dpm++2m, now ddim)"], text => Assert.Contains(text, other.Error));

        folder.Write("out/two/result.json", "{");
        ToolRun damaged = Batch(pairs);
        Assert.Equal(1, damaged.ExitCode);
        Assert.Contains("line 3: Got", damaged.Error);
        Directory.Delete(folder.PathTo("out", "two"), recursive: true);
        folder.Write("out/two", "a file");
        Assert.Contains("/two' is a file", Batch(pairs).Error);
        Pictures.Write(a, 20, 20);
        ToolRun changed = Batch(pairs);
        Assert.Equal(1, changed.ExitCode);
        Assert.Contains("a morph of other pictures", changed.Error);
    }

    [Fact]
    public void Batch_FindsPairsWithoutNamesByTheirPictures()
    {
        File.Copy(a, folder.PathTo("again.png"));
        Assert.Equal(0, Batch(folder.Write("pairs.csv", "a.png,b.jpg\n")).ExitCode);
        ToolRun run = Batch(folder.Write("pairs.csv", "a,b\nb.jpg,a.png\n\nagain.png,b.jpg\na.png,b.jpg\n"), "--json");
        Assert.Equal(1, run.ExitCode);
        JsonElement[] rows = [.. JsonDocument.Parse(run.Output).RootElement.GetProperty("pairs").EnumerateArray()];
        Assert.Equal([false, true, false], rows.Select(r => r.GetProperty("wasThere").GetBoolean()));
        Assert.Contains("the pictures of line 4 again", rows[2].GetProperty("error").GetString());
        Assert.Equal(2, Directory.GetDirectories(folder.PathTo("out"), "pair-*").Length);
        Assert.Equal(4, rows[1].GetProperty("line").GetInt32());
    }

    [Fact]
    public void Batch_GoesOnAfterAPairWhoseFolderCannotBeWritten()
    {
        Directory.CreateDirectory(folder.PathTo("out", "one", "morph.png"));
        ToolRun run = Batch(folder.Write("pairs.csv", "a.png,b.jpg,one\nb.jpg,a.png,two\n"));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("line 1: Cannot write", run.Error);
        Assert.True(File.Exists(folder.PathTo("out", "two", "morph.png")));
    }

    [Fact]
    public void Batch_GivesWhatPairsGiveAlone()
    {
        string pairs = folder.Write("pairs.csv", "a.png,b.jpg,one\nb.jpg,a.png,two\n");
        Assert.Equal(0, Batch(pairs, "--group", "2").ExitCode);
        Morph(["morph", b, a, .. Quick], "alone");
        double[] together = Losses(folder.PathTo("out", "two", "result.json"));
        double[] alone = Losses(folder.PathTo("alone", "result.json"));

        // 24 bits, in another batch.
        Assert.All(together.Zip(alone), pair => Assert.Equal(pair.First, pair.Second, 1e-3));
    }

    [Fact]
    public void Batch_GoesOnAfterAPairThatTheNetworkCannotTake()
    {
        string pairs = folder.Write("pairs.csv", "a.png,b.jpg,one\nb.jpg,a.png,two\n");
        int call = 0;
        ToolRun run = Tool.Run(["morph", "--batch", pairs, .. Quick, "--output", folder.PathTo("out")], morphModel: Broken);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("line 1: Broken", run.Error);
        Assert.True(File.Exists(folder.PathTo("out", "two", "morph.png")));

        // The group of both fails, then the first alone.
        MorphModel Broken(string? weights)
        {
            MorphModel model = TinyMorphModel.Load(weights);
            return new MorphModel([model])
            {
                Source = model.Source,
                Side = model.Side,
                Denoiser = model.Denoiser,
                Schedule = model.Schedule,
                Encode = x => call++ < 2 ? throw new InvalidOperationException("Broken.") : model.Encode(x),
                Attack = model.Attack,
                Judges = model.Judges,
            };
        }
    }

    [Fact]
    public void Cancelled_LeavesNothing_OrWhatIsDone()
    {
        using var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        ToolRun run = Tool.Run(["morph", a, b, "--steps", "2000", "--output", folder.PathTo("out")], cancellationToken: source.Token, morphModel: TinyMorphModel.Load);
        Assert.Equal(130, run.ExitCode);
        Assert.False(Directory.Exists(folder.PathTo("out")));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        ToolRun batch = Tool.Run(["morph", "--batch", folder.Write("pairs.csv", "a.png,b.jpg"), .. Quick, "--output", folder.PathTo("batch")], cancellationToken: cancelled.Token, morphModel: TinyMorphModel.Load);
        Assert.Equal(130, batch.ExitCode);
        Assert.Contains("goes on with the rest", batch.Error);
    }

    [Fact]
    public void StandardInput_IsForOnePicture()
    {
        byte[] first = File.ReadAllBytes(a);
        string[] quick = [.. Quick, "--output", folder.PathTo("out")];
        ToolRun run = Tool.Run(["morph", "-", b, .. quick], morphModel: TinyMorphModel.Load, input: first);
        Assert.True(run.ExitCode == 0, run.Error);
        ToolRun both = Tool.Run(["morph", "-", "-", .. quick], morphModel: TinyMorphModel.Load, input: first);
        Assert.Equal(1, both.ExitCode);
        Assert.Contains("standard input was read for another", both.Error);
    }

    private static string[] Quick => ["--steps", "4", "--encode-steps", "6", "--iterations", "3"];

    private ToolRun Morph(params string[] arguments) => Morph(arguments, "out");

    // A stochastic sampler has no steps of its own for encoding.
    private ToolRun Morph(string[] arguments, string output) => Tool.Run(
        [.. arguments.Contains("--sde") ? arguments.Where(x => x is not ("--encode-steps" or "6")) : arguments, "--output", folder.PathTo(output)],
        morphModel: TinyMorphModel.Load);

    private ToolRun Batch(string pairs, params string[] options) => Morph(["morph", "--batch", pairs, .. Quick, .. options], "out");

    private static double[] Losses(string path) => [.. JsonDocument.Parse(File.ReadAllText(path)).RootElement.GetProperty("losses").EnumerateArray().Select(l => l.GetDouble())];

    private void Refused(int exitCode, string[] arguments, params string[] texts)
    {
        ToolRun run = Tool.Run(["morph", .. arguments, "--output", folder.PathTo("refused")], morphModel: TinyMorphModel.Load);
        Assert.True(run.ExitCode == exitCode, $"exit {run.ExitCode}: {run.Error}");
        Assert.All(texts, text => Assert.Contains(text, run.Error));
        Assert.False(Directory.Exists(folder.PathTo("refused")));
    }
}
