using System.Text.Json;
using Costate.Faces.Models;
using Costate.Networks;
using Costate.Testing;

namespace Costate.Cli.Tests.Commands.Morph;

[LongProof]
public sealed class MorphBatchCommandTests : MorphRuns
{
    [Fact]
    public void Batch_IsResumed_AndBadRowsAreNamed()
    {
        string pairs = Folder.Write(
            "pairs.csv",
            "a,b,name\na.png,b.jpg,one\na.png,none.png,two\nb.jpg,a.png,three\na.png\na.png,a.png,same\n");
        ToolRun first = Batch(pairs);
        Assert.Equal(1, first.ExitCode);
        Assert.All((string[])["line 3:", "none.png", "line 5:", "line 6:", "same file"], text => Assert.Contains(text, first.Error));
        Assert.True(File.Exists(Folder.PathTo("out", "one", "strip.png")) && File.Exists(Folder.PathTo("out", "three", "result.json")));
        string[] table = File.ReadAllLines(Folder.PathTo("out", "morphs.csv"));
        Assert.Equal(6, table.Length);
        Assert.StartsWith(
            "line,name,accepted,loss,blend_accepted,blend_loss,attack_to_a,attack_to_b,judge_1_to_a",
            table[0],
            StringComparison.Ordinal);
        Assert.Contains("none.png", table[2]);
        Assert.Equal(4, table[1].Split(',').Skip(2).Take(4).Count(cell => cell.Length > 0));

        // The second run makes what the first could not, and leaves the rest as it is.
        DateTime made = File.GetLastWriteTimeUtc(Folder.PathTo("out", "one", "morph.png"));
        File.Copy(B, Folder.PathTo("none.png"));
        File.WriteAllText(pairs, "a,b,name\na.png,b.jpg,one\na.png,none.png,two\nb.jpg,a.png,three\n");
        ToolRun second = Batch(pairs, "--json");
        Assert.True(second.ExitCode == 0, second.Error);
        JsonElement[] rows = [.. JsonDocument.Parse(second.Output).RootElement.GetProperty("pairs").EnumerateArray()];
        Assert.Equal([true, false, true], rows.Select(r => r.GetProperty("wasThere").GetBoolean()));
        Assert.Equal(made, File.GetLastWriteTimeUtc(Folder.PathTo("out", "one", "morph.png")));

        ToolRun other = Batch(pairs, "--blend", "0.4", "--solver", "ddim");
        Assert.Equal(1, other.ExitCode);
        Assert.All(
            (string[])["other settings", "blend (there 0.5, now 0.4)", "solver (there dpm++2m, now ddim)"],
            text => Assert.Contains(text, other.Error));

        Folder.Write("out/two/result.json", "{");
        ToolRun damaged = Batch(pairs);
        Assert.Equal(1, damaged.ExitCode);
        Assert.Contains("line 3: Cannot read", damaged.Error);
        Assert.Contains("Remove it", damaged.Error);
        Directory.Delete(Folder.PathTo("out", "two"), recursive: true);
        Folder.Write("out/two", "a file");
        Assert.Contains("/two' is a file", Batch(pairs).Error);
        Pictures.Write(A, 20, 20);
        ToolRun changed = Batch(pairs);
        Assert.Equal(1, changed.ExitCode);
        Assert.Contains("a morph of other pictures", changed.Error);
    }

    [Fact]
    public void Batch_FindsPairsWithoutNamesByTheirPictures()
    {
        File.Copy(A, Folder.PathTo("again.png"));
        Assert.Equal(0, Batch(Folder.Write("pairs.csv", "a.png,b.jpg\n")).ExitCode);
        ToolRun run = Batch(Folder.Write("pairs.csv", "a,b\nb.jpg,a.png\n\nagain.png,b.jpg\na.png,b.jpg\n"), "--json");
        Assert.Equal(1, run.ExitCode);
        JsonElement[] rows = [.. JsonDocument.Parse(run.Output).RootElement.GetProperty("pairs").EnumerateArray()];
        Assert.Equal([false, true, false], rows.Select(r => r.GetProperty("wasThere").GetBoolean()));
        Assert.Contains("the pictures of line 4 again", rows[2].GetProperty("error").GetString());
        Assert.Equal(2, Directory.GetDirectories(Folder.PathTo("out"), "pair-*").Length);
        Assert.Equal(4, rows[1].GetProperty("line").GetInt32());
    }

    [Fact]
    public void Batch_GoesOnAfterAPairWhoseFolderCannotBeWritten()
    {
        Directory.CreateDirectory(Folder.PathTo("out", "one", "morph.png"));
        ToolRun run = Batch(Folder.Write("pairs.csv", "a.png,b.jpg,one\nb.jpg,a.png,two\n"));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("line 1: Cannot write", run.Error);
        Assert.True(File.Exists(Folder.PathTo("out", "two", "morph.png")));
    }

    [Fact]
    public void Batch_GivesWhatPairsGiveAlone()
    {
        string pairs = Folder.Write("pairs.csv", "a.png,b.jpg,one\nb.jpg,a.png,two\n");
        Assert.Equal(0, Batch(pairs, "--group", "2").ExitCode);
        Morph(["morph", B, A, .. Quick], "alone");
        double[] together = Losses(Folder.PathTo("out", "two", "result.json"));
        double[] alone = Losses(Folder.PathTo("alone", "result.json"));

        // 24 bits, in another batch.
        Assert.All(together.Zip(alone), pair => Assert.Equal(pair.First, pair.Second, 1e-3));
    }

    [Fact]
    public void Batch_GoesOnAfterAPairThatTheNetworkCannotTake()
    {
        string pairs = Folder.Write("pairs.csv", "a.png,b.jpg,one\nb.jpg,a.png,two\n");
        int call = 0;
        ToolRun run = Tool.Run(["morph", "--batch", pairs, .. Quick, "--output", Folder.PathTo("out")], morphModel: Broken);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("line 1: Broken", run.Error);
        Assert.True(File.Exists(Folder.PathTo("out", "two", "morph.png")));

        // The group of both fails, then the first alone.
        FaceModel Broken(string? weights)
        {
            FaceModel model = TinyMorphModel.Load(weights);
            return model with
            {
                Model = new Model(model.Model.Source, model.Model.Denoiser, model.Model.Schedule, model)
                {
                    Grid = model.Model.Grid,
                    Shape = model.Model.Shape,
                    Encode = x => call++ < 2 ? throw new InvalidOperationException("Broken.") : model.Model.Encode!(x),
                },
            };
        }
    }

    [Fact]
    public void Shards_AndLeases_GiveWhatOneProcessGives()
    {
        File.Copy(A, Folder.PathTo("again.png"));
        string pairs = Folder.Write("pairs.csv", "a.png,b.jpg,one\na.png,none.png,two\nb.jpg,a.png\nb.jpg,again.png\n");
        string[] Command(params string[] options) =>
            ["morph", "--batch", pairs, "--steps", "2", "--encode-steps", "2", "--iterations", "1", "--group", "1", .. options];
        Assert.Equal(1, Morph(Command(), "whole").ExitCode);
        string table = Table("whole");

        // The fourth row has the pictures of the third, which only the merge can see.
        Assert.Equal(0, Morph(Command("--shard", "1/2"), "parts/1").ExitCode);
        Assert.Equal(1, Morph(Command("--shard", "2/2"), "parts/2").ExitCode);
        Assert.Contains("Missing: 2/2", Merge("parts/1").Error, StringComparison.Ordinal);
        ToolRun merged = Merge("parts/1", "parts/2");
        Assert.Equal(1, merged.ExitCode);
        Assert.Equal(table, Table("merged"));
        Assert.True(File.Exists(Folder.PathTo("merged", "one", "strip.png")));

        Assert.Equal(1, Morph(Command("--shard", "dynamic"), "shared").ExitCode);
        Assert.Equal(table, Table("shared"));
        Assert.Contains("other settings", Morph(Command("--shard", "dynamic", "--blend", "0.4"), "shared").Error, StringComparison.Ordinal);
        Refused(2, ["--shard", "1/2", A, B], "--shard without --batch");
        Refused(2, ["--batch", pairs, "--shard", "auto"], "without an array job");

        string Table(string folder) => File.ReadAllText(Folder.PathTo(folder, "morphs.csv"));

        ToolRun Merge(params string[] folders) =>
            Tool.Run(["evaluate", "merge", .. folders.Select(f => Folder.PathTo(f)), "--output", Folder.PathTo("merged")]);
    }
}
