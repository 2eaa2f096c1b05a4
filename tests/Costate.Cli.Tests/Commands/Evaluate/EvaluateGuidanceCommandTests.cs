using System.Text.Json;
using Costate.Faces.Models;
using Costate.Testing;
using SkiaSharp;

namespace Costate.Cli.Tests.Commands.Evaluate;

[LongProof]
public sealed class EvaluateGuidanceCommandTests() : EvaluationRuns("guidance.csv")
{
    private const string Few = "unguided,greedy,end-to-end";

    private Func<string?, FaceModel> model = TinyMorphModel.OfFormula;

    [Fact]
    public void AllTasksAndMethods_AreSummedUp()
    {
        ToolRun run = Done("out", "--faces", "2", "--evaluations", "12");
        Assert.All((string[])["Inpainting", "Identity", "Greedy, 4 ahead", "Greedy, all ahead", "OC-Flow", "End-to-end", "judges"], text => Assert.Contains(text, run.Output));
        Assert.All(
            (string[])["guidance.csv", "guidance.json", "guidance.md", "guidance-loss.png", "guidance-psnr.png", "guidance-ssim.png",
                "guidance-examples.png"],
            file => Assert.True(new FileInfo(Folder.PathTo("out", file)).Length > 500, file));

        // The rows of the examples are named at their left, before the first picture.
        using (SKBitmap examples = SKBitmap.Decode(Folder.PathTo("out", "guidance-examples.png")))
        {
            Assert.Contains(examples.Pixels.Where((_, i) => i % examples.Width < 180 && i / examples.Width > 200), pixel => pixel.Red < 64);
        }

        // A heading; 2 faces, 4 tasks, 13 methods of which one with 5 lookaheads, one number of evaluations.
        Assert.Equal(1 + (2 * 4 * 17), Rows("out").Length);
        JsonElement report = JsonDocument.Parse(File.ReadAllText(Folder.PathTo("out", "guidance.json"))).RootElement;
        Assert.Equal(4, report.GetProperty("findings").GetArrayLength());
        Assert.All(
            report.GetProperty("methods").EnumerateArray(),
            m => Assert.InRange(m.GetProperty("networkEvaluations").GetDouble(), 1, m.GetProperty("budget").GetInt32()));
        JsonElement greedy = report.GetProperty("methods").EnumerateArray().First(m => m.GetProperty("method").GetString() == "greedy");
        Assert.Equal(0, greedy.GetProperty("lossToGreedy").GetProperty("mean").GetDouble());
    }

    [Fact]
    public void DivergedItems_AreCounted_AndTheRunGoesOn()
    {
        // A formula that is bounded does not diverge.
        model = TinyMorphModel.Load;
        string[] options =
        [
            "--faces",
            "2",
            "--tasks",
            "deblur",
            "--evaluations",
            "20",
            "--lookahead",
            "1",
            "--methods",
            "unguided,greedy,dps:strength=1e9,red-diff:strength=1e9,greedy-dim:strength=1e30,end-to-end:strength=1e30,flowgrad:strength=1e37",
        ];
        Done("out", options);
        JsonElement[] methods =
        [
            .. JsonDocument
                .Parse(File.ReadAllText(Folder.PathTo("out", "guidance.json")))
                .RootElement.GetProperty("methods")
                .EnumerateArray(),
        ];
        Assert.Equal(7, methods.Length);
        foreach (JsonElement method in methods)
        {
            bool diverges = method.GetProperty("method").GetString()!.Contains(':', StringComparison.Ordinal);
            Assert.Equal(diverges ? 2 : 0, method.GetProperty("diverged").GetInt32());
            Assert.Equal(diverges ? JsonValueKind.Null : JsonValueKind.Object, method.GetProperty("loss").ValueKind);
        }

        const int Loss = 7;
        const int Diverged = 12;
        Assert.Equal(
            10,
            Rows("out")
                .Skip(1)
                .Count(row =>
                    row[Loss].Length == 0
                    && (
                        row[Diverged].StartsWith("step ", StringComparison.Ordinal)
                        || row[Diverged].StartsWith("iteration ", StringComparison.Ordinal))));
        Assert.Equal(
            5,
            File.ReadLines(Folder.PathTo("out", "guidance.md")).Count(line => line.EndsWith("| 2 |", StringComparison.Ordinal)));

        // What has diverged is there as well.
        Assert.Contains("14 results are there, 0 to compute", Done("out", options).Error);
    }

    [Fact]
    public void Shards_GiveWhatTheWholeGives()
    {
        string[] options = ["--faces", "3", "--tasks", "inpaint,identity", "--methods", Few, "--lookahead", "1,2", "--evaluations", "8"];
        Done("whole", options);
        Done("one", [.. options, "--shard", "1/2", "--batch", "1"]);
        Done("two", [.. options, "--shard", "2/2"]);
        Refused(Merge("merged", "one"), "Missing: 2/2");
        Refused(Merge("merged", "one", "one", "two"), "Face 0", "in one shard");
        ToolRun merged = Merge("merged", "one", "two");
        Assert.True(merged.ExitCode == 0, merged.Error);
        string[][] whole = Rows("whole");
        string[][] joined = Rows("merged");
        Assert.Equal(1 + (3 * 2 * 4), whole.Length);
        Assert.Equal(whole.Select(Key), joined.Select(Key));

        // Sums over a batch of two round in another order than one by one.
        const int Loss = 7;
        Assert.All(whole.Zip(joined).Skip(1), rows => Assert.Equal(double.Parse(rows.First[Loss]), double.Parse(rows.Second[Loss]), 2e-2));
        static string Key(string[] row) => string.Join(' ', row[..6]);
    }

    // Leased items leave a folder as one process does, which goes on in it.
    [Fact]
    public void Leases_GiveWhatTheWholeGives()
    {
        string[] options = ["--faces", "2", "--tasks", "inpaint", "--methods", "unguided", "--evaluations", "5", "--batch", "1"];
        Done("whole", options);
        Done("shared", [.. options, "--shard", "dynamic"]);
        Assert.Equal(Rows("whole").Select(row => row[..^1]), Rows("shared").Select(row => row[..^1]));
        Assert.Contains("0 to compute", Done("shared", options).Error);
    }

    [Fact]
    public void Rerun_ComputesOnlyWhatIsMissing_WithTheSameSettings()
    {
        string[] options = ["--faces", "2", "--tasks", "deblur", "--evaluations", "6"];
        ToolRun first = Done("out", [.. options, "--methods", "unguided"]);
        Assert.Contains("2 to compute, about 0:00:", first.Error);
        ToolRun second = Done("out", [.. options, "--methods", Few, "--lookahead", "1"]);
        Assert.Contains("2 results are there, 4 to compute", second.Error);
        Assert.Equal(1 + 6, Rows("out").Length);
        Refused(Run("out", [.. options, "--noise", "0.1"]), "noise (there 0.05, now 0.1)");
        Refused(
            Tool.Run(
                ["evaluate", "morphs", "--pairs", "1", "--methods", "source", "--candidates", "4", "--output", Folder.PathTo("out")],
                morphModel: TinyMorphModel.Load),
            "holds guidance",
            "of morphs",
            "folder");
    }

    [Fact]
    public void Wrong_IsRefused()
    {
        Refused(Run("out", "--methods", "magic"), "magic for --methods", "dps");
        Refused(Run("out", "--methods", "mpgd:lookahead=2"), "Got mpgd:lookahead=2 for --methods", "lookahead");
        Refused(Run("out", "--methods", "dps:size=2"), "dps:size=2", "strength=S");
        Refused(Run("out", "--methods", "dps,dps"), "dps twice");
        Refused(Run("out", "--lookahead", "1,x"), "Got x for --lookahead");
        Refused(Run("out", "--tasks", "custom-torchscript-loss"), "custom-torchscript-loss for --tasks");
        Refused(Run("out", "--evaluations", "3"), "Got 3 for --evaluations");
        Refused(Run("out", "--shard", "4/3"), "Got 4/3 for --shard");
        Refused(Run("out", "--evaluations", "50,50"), "Got 50 twice for --evaluations");
        Refused(Run("out", "--tasks", "deblur,DEBLUR"), "Got deblur twice for --tasks");
        Refused(Run("out", "--methods", "dps,DPS"), "Got dps twice for --methods");
        Refused(Run("out", "--code", "other"), "other for --code", "observed", "mean");
        Assert.False(Directory.Exists(Folder.PathTo("out")));
    }

    [Fact]
    public void Cancelled_GoesOn()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        string[] options = ["--faces", "1", "--tasks", "deblur", "--methods", "unguided", "--evaluations", "6"];
        ToolRun run = Tool.Run(
            ["evaluate", "guidance", .. options, "--output", Folder.PathTo("out")],
            cancellationToken: cancelled.Token,
            morphModel: model);
        Assert.Equal(130, run.ExitCode);
        Assert.Contains("goes on with the rest", run.Error);
        Done("out", options);
    }

    private protected override ToolRun Run(string output, params string[] options) =>
        Tool.Run(["evaluate", "guidance", .. options, "--output", Folder.PathTo(output)], morphModel: model);
}
