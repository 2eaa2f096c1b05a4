using System.Text.Json;
using Costate.Experiments.Pairs;
using Costate.Faces.Drawing;
using Costate.Faces.Models;
using Costate.Faces.Morphs;
using Costate.Testing;
using SkiaSharp;

namespace Costate.Cli.Tests.Commands.Evaluate;

[LongProof]
public sealed class EvaluatePairsCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Pairs_AreBlended_AndTheNearestOfTheRefusedOptimised()
    {
        ToolRun run = Pairs("out", "--tries", "2", "--json");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(run.Output.Trim(), File.ReadAllText(folder.PathTo("out", "pairs.json")).Trim());
        JsonElement report = JsonDocument.Parse(run.Output).RootElement;
        JsonElement[] tried = [.. report.GetProperty("tried").EnumerateArray()];
        Assert.Equal(Math.Min(2, report.GetProperty("refusedBlends").GetInt32()), tried.Length);
        Assert.NotEmpty(tried);
        Assert.All(tried, pair =>
        {
            JsonElement blend = pair.GetProperty("blend");
            Assert.DoesNotContain(blend.GetProperty("recognisers").EnumerateArray().Skip(1), r => r.GetProperty("accepted").GetBoolean());
            Assert.Equal(blend.GetProperty("loss").GetDouble(), pair.GetProperty("losses")[0].GetDouble(), 1e-3);
        });
        Assert.Equal(
            ["beard", "glasses", "moustache"],
            report.GetProperty("featureAccuracy").EnumerateObject().Select(f => f.Name).Order());

        using SKBitmap sheet = SKBitmap.Decode(folder.PathTo("out", "pairs.png"));
        Assert.True(sheet.Width > 4 * 176);
        bool chosen = report.GetProperty("chosen").ValueKind == JsonValueKind.Object;
        Assert.Equal(chosen, File.Exists(folder.PathTo("out", "a.png")) && File.Exists(folder.PathTo("out", "b.png")));
        Assert.Equal(run.Output, Pairs("again", "--tries", "2", "--json").Output);
    }

    [Fact]
    public void Cancelled_GoesOn_AndPartsAreMerged()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        ToolRun run = Pairs("a", source.Token, "--batch", "1", "--tries", "2", "--shard", "1/2");
        Assert.Equal(130, run.ExitCode);
        Assert.Contains("goes on with the rest", run.Error);
        Assert.Equal(0, Pairs("a", "--batch", "1", "--tries", "2", "--shard", "1/2").ExitCode);
        Assert.Equal(0, Pairs("b", "--batch", "1", "--tries", "2", "--shard", "2/2").ExitCode);
        ToolRun merged = Tool.Done(["evaluate", "merge", folder.PathTo("a"), folder.PathTo("b"), "--output", folder.PathTo("merged")]);
        Assert.Contains("2 optimised to the end", merged.Output);
        Assert.Equal(0, Pairs("shared", "--batch", "1", "--tries", "2", "--shard", "dynamic").ExitCode);
        Assert.Equal(File.ReadAllText(folder.PathTo("shared", "pairs.json")), File.ReadAllText(folder.PathTo("merged", "pairs.json")));

        // What comes out is whole.
        ToolRun again = Pairs("merged", "--batch", "1", "--tries", "2");
        Assert.True(again.ExitCode == 0, again.Error);
        Assert.Contains("2 to be optimised: 2 are there, 0 to compute", again.Error);
    }

    [Fact]
    public void Nobody_IsAPairOfOne()
    {
        ToolRun run = Pairs("out", "--people", "2");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("none is a good example", run.Output);
        Assert.Equal(
            [".costate.lock", "evaluation.json", "gallery.html", "pairs.json"],
            Directory.GetFiles(folder.PathTo("out")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(2, Pairs("refused", "--identity", $"{ulong.MaxValue}").ExitCode);
        Assert.Contains("from 2 to 1000", Pairs("refused", "--people", $"{int.MaxValue}").Error);
        Assert.False(Directory.Exists(folder.PathTo("refused")));
    }

    [Fact]
    public void Candidates_WearTheirHairAlike_AndNothingElse()
    {
        ulong[] people = [.. Enumerable.Range(0, 60).Select(i => 1_700_000 + (ulong)i)];
        (ulong A, ulong B)[] pairs = PairSearch.Candidates(people);
        Assert.True(pairs.Length > 20, $"{pairs.Length}");
        Assert.Equal(pairs.Length, pairs.Distinct().Count());
        Assert.All(pairs, pair =>
        {
            Assert.True(pair.A < pair.B);
            Assert.Equal(FaceIdentity.FromSeed(pair.A).Hair, FaceIdentity.FromSeed(pair.B).Hair);
            Assert.All(
                (ulong[])[pair.A, pair.B],
                who =>
                    Assert.False(
                        DrawnFaces.Moment(who, 0).Glasses
                            || FaceIdentity.FromSeed(who).Beard > 0
                            || FaceIdentity.FromSeed(who).Moustache > 0));
        });
    }

    [Theory]
    [InlineData("", 0.9, 0.4, -1.0, 1.2, 1.0, 0.8, 0.7, 0.75)]
    [InlineData("refused", 0.4, 0.4, -1.0, 1.2, 1.0, 0.8, 0.7, 0.6, 0.5)]
    [InlineData("rises", 0.9, 0.4, -1.0, 1.2, 1.3, 0.8, 0.7, 0.6, 0.5)]
    [InlineData("glasses", 0.9, 0.4, 0.1, 1.2, 1.0, 0.8, 0.7, 0.6, 0.5)]
    public void Faults_AreNamed(string expected, double similarity, double threshold, double glasses, params double[] losses)
    {
        MorphSimilarity judge = new("judge", true, threshold, similarity, similarity, 0);
        Assert.Equal(
            expected.Length == 0 ? [] : [expected],
            SearchedPair.Faults([judge], losses, new Dictionary<string, double> { ["glasses"] = glasses }));
    }

    private ToolRun Pairs(string output, params string[] options) => Pairs(output, default, options);

    private ToolRun Pairs(string output, CancellationToken cancellationToken, params string[] options) => Tool.Run(
            [
                "evaluate",
                "pairs",
                .. options.Contains("--people") ? [] : (string[])["--people", "12"],
                "--steps",
                "2",
                "--encode-steps",
                "2",
                "--iterations",
                "2",
                .. options,
                "--output",
                folder.PathTo(output),
            ],
        cancellationToken: cancellationToken,
        morphModel: Strict);

    // Judges that refuse every blend of a network that was never trained.
    private static FaceModel Strict(string? weights)
    {
        FaceModel model = TinyMorphModel.Load(weights);
        return model with { Judges = [.. model.Judges.Select(judge => judge with { Threshold = 0.999 })] };
    }
}
