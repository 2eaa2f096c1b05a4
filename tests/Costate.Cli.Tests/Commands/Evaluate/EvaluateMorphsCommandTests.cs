using System.Text.Json;
using Costate.Testing;

namespace Costate.Cli.Tests.Commands.Evaluate;

[LongProof]
public sealed class EvaluateMorphsCommandTests() : EvaluationRuns("morphs.csv")
{
    private const string Few = "dim-a,morph-pipe,adjoint-deis-1";

    [Fact]
    public void AllMethodsAndTables_AreSummedUp()
    {
        ToolRun run = Done("out", "--pairs", "2");
        Assert.All(
            (string[])["DiM-A", "Greedy-DiM*", "AdjointDEIS-1 SDE", "Reversible, Rex", "judge 3"],
            text => Assert.Contains(text, run.Output));
        ToolRun tables = Done("out", "--pairs", "1", "--study", "tables");
        Assert.All(
            (string[])["table 4", "table 5", "table 6", "m=5", "solved-backward", "lr=1"],
            text => Assert.Contains(text, tables.Output));
        Assert.All(
            (string[])["morphs.csv", "morphs.json", "mmpmr.png", "strips.png"],
            file => Assert.True(new FileInfo(Folder.PathTo("out", file)).Length > 500, file));

        // A heading, 10 methods on 2 pairs; M is 5, 10, 15 or 20 beside 4; solved backwards; three rates, one of them the default.
        Assert.Equal(1 + 20 + 4 + 1 + 2, File.ReadLines(Folder.PathTo("out", "morphs.csv")).Count());
        JsonElement discrete = JsonDocument
            .Parse(File.ReadAllText(Folder.PathTo("out", "morphs.json")))
            .RootElement.GetProperty("methods")
            .EnumerateArray()
            .Single(m => m.GetProperty("method").GetString() == "discrete");
        Assert.Equal(6 + (3 * (4 + 4)), discrete.GetProperty("evaluations").GetInt32());
        Assert.Equal(3 * 4, discrete.GetProperty("vectorJacobianProducts").GetInt32());
    }

    [Fact]
    public void Shards_GiveWhatTheWholeGives()
    {
        Done("whole", "--pairs", "3", "--methods", Few);
        Done("one", "--pairs", "3", "--methods", Few, "--shard", "1/2", "--batch", "1");
        Done("two", "--pairs", "3", "--methods", Few, "--shard", "2/2");
        Refused(Merge("merged", "one"), "Missing: 2/2");
        Refused(Merge("merged", "one", "one", "two"), "Pair 0", "in one shard");
        ToolRun merged = Merge("merged", "one", "two");
        Assert.True(merged.ExitCode == 0, merged.Error);
        string[][] whole = Rows("whole");
        string[][] joined = Rows("merged");
        Assert.Equal(1 + 9, whole.Length);
        Assert.Equal(whole.Select(Key), joined.Select(Key));

        // Sums over a batch of two round in another order than one by one.
        const int Loss = 5;
        Assert.All(whole.Zip(joined).Skip(1), rows => Assert.Equal(double.Parse(rows.First[Loss]), double.Parse(rows.Second[Loss]), 1e-3));
        static string Key(string[] row) => string.Join(' ', row[..5]);
    }

    [Fact]
    public void Rerun_ComputesOnlyWhatIsMissing()
    {
        Done("out", "--pairs", "2", "--methods", "dim-a");
        string kept = Folder.PathTo("out", "pairs", "0000", "dim-a.json");
        DateTime before = File.GetLastWriteTimeUtc(kept);
        File.Delete(Folder.PathTo("out", "pairs", "0001", "dim-a.json"));
        ToolRun run = Done("out", "--pairs", "2", "--methods", Few);
        Assert.Contains("1 results are there, 5 to compute", run.Error);
        Assert.Equal(before, File.GetLastWriteTimeUtc(kept));
        Assert.Equal(1 + 6, Rows("out").Length);
    }

    [Fact]
    public void OtherSettings_AreRefused()
    {
        Done("out", "--pairs", "1", "--methods", "source");
        Refused(Run("out", "--pairs", "1", "--methods", "source", "--iterations", "9"), "iterations (there 3, now 9)");
        Refused(Run("out", "--pairs", "1", "--methods", "source", "--shard", "1/2"), "holds shard 1/1, this run is 1/2");
        Done("other", "--pairs", "1", "--methods", "source", "--shard", "2/2", "--probes", "1", "--pairs", "2");
        Done("half", "--pairs", "2", "--methods", "source", "--shard", "1/2");
        Refused(Merge("merged", "half", "other"), "probes", "different settings");
    }

    [Fact]
    public void IncompleteShard_IsNotMerged()
    {
        Done("one", "--pairs", "2", "--methods", "source", "--shard", "1/2");
        Done("two", "--pairs", "2", "--methods", "source", "--shard", "2/2");
        File.Delete(Folder.PathTo("two", "pairs", "0001", "source.json"));
        Refused(Merge("merged", "one", "two"), "lacks 1 pairs of source, the first of them pair 1");
        Refused(Merge("merged", "one", "nowhere"), "evaluation.json");
    }

    [Fact]
    public void Wrong_IsRefused()
    {
        Refused(Run("out", "--pairs", "300"), "--candidates");
        Refused(Run("out", "--pairs", "1", "--methods", "magic"), "magic for --methods");
        Refused(Run("out", "--pairs", "1", "--shard", "4/3"), "Got 4/3 for --shard");
        Refused(Run("out", "--pairs", "1", "--methods", "reversible:solver=ddim"), "not determine");
        Assert.False(Directory.Exists(Folder.PathTo("out")));
    }

    [Fact]
    public void Cancelled_GoesOn()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        ToolRun run = Tool.Run(
            [.. Arguments("out"), "--pairs", "1", "--methods", "source"],
            cancellationToken: cancelled.Token,
            morphModel: TinyMorphModel.Load);
        Assert.Equal(130, run.ExitCode);
        Assert.Contains("goes on with the rest", run.Error);
        Done("out", "--pairs", "1", "--methods", "source");
    }

    private string[] Arguments(string output) =>
    [
            "evaluate",
            "morphs",
            "--candidates",
            "20",
            "--encode-steps",
            "6",
            "--blend-steps",
            "4",
            "--blends",
            "3",
            "--steps",
            "4",
            "--iterations",
            "3",
            "--inner-steps",
            "2",
        "--probes", "2", "--output", Folder.PathTo(output),
    ];

    // Options given twice: the last counts.
    private protected override ToolRun Run(string output, params string[] options)
    {
        var all = new Dictionary<string, string>();
        foreach (string[] pair in Arguments(output).Skip(2).Concat(options).Chunk(2))
        {
            all[pair[0]] = pair[1];
        }

        return Tool.Run(["evaluate", "morphs", .. all.SelectMany(o => (string[])[o.Key, o.Value])], morphModel: TinyMorphModel.Load);
    }
}
