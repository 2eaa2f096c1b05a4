using System.Text.Json;
using Costate.Cli.Terminals;
using Costate.Experiments.Gradients;
using Costate.Faces.Reports;
using Costate.Testing;
using SkiaSharp;

namespace Costate.Cli.Tests.Commands.Study;

public sealed class StudyCommandTests
{
    private static readonly Lazy<IReadOnlyList<GradientMeasurement>> Measured = new(() =>
        GradientStudy.Run(GradientStudy.QuickSteps, _ => { }, default));

    [Fact]
    public void Quick_WritesAllFilesAndPrintsTables()
    {
        using var folder = new TemporaryFolder();
        ToolRun run = Tool.Example("costate study --quick --output quick", folder);

        Assert.Equal(["gradient-error.png", "lookahead-error.png", "stored-bytes.png", "study.json"], Names(folder.PathTo("quick")));
        Assert.Contains("Relative error of dL/dx_T", run.Output);
        Assert.Contains("AdjointDEIS-2, solved backward", run.Output);
        Assert.Contains("Cost of one gradient at 80 steps", run.Output);
        foreach (string name in (string[])["gradient-error.png", "lookahead-error.png", "stored-bytes.png"])
        {
            using SKBitmap picture = SKBitmap.Decode(folder.PathTo("quick", name));
            Assert.Equal(1600, picture.Width);

            // Curves in more than a few colours, not an empty frame.
            Assert.True(picture.Pixels.Where(p => p.Red != p.Green || p.Green != p.Blue).Distinct().Count() > 20);
        }
    }

    [Fact]
    public void Json_IsTheOnlyOutputAndTheFile()
    {
        using var folder = new TemporaryFolder();
        ToolRun run = Tool.Example("costate study --quick --json", folder);

        JsonElement report = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(File.ReadAllText(folder.PathTo("costate-study", "study.json")), run.Output.ReplaceLineEndings("\n"));
        Assert.Equal("gradient", report.GetProperty("study").GetString());
        Assert.Equal([10, 20, 40, 80], report.GetProperty("steps").Deserialize<int[]>()!);
        Assert.Equal(1, report.GetProperty("threads").GetInt32());
        JsonElement.ArrayEnumerator curves = report.GetProperty("curves").EnumerateArray();
        Assert.Equal(GradientCurve.All.Select(c => c.Id), curves.Select(c => c.GetProperty("id").GetString()!));
        Assert.All(curves, c => Assert.Equal(4, c.GetProperty("points").GetArrayLength()));
        JsonElement point = curves.First().GetProperty("points")[0];
        Assert.Equal(20, point.GetProperty("networkEvaluations").GetInt64());
        Assert.True(point.GetProperty("conditionError").GetDouble() > 0);
    }

    [LongProof]
    [Fact]
    public void Full_HasEveryNumberOfSteps()
    {
        using var folder = new TemporaryFolder();
        Tool.Done("study", "--output", folder.FullName);
        JsonElement report = JsonDocument.Parse(File.ReadAllText(folder.PathTo("study.json"))).RootElement;
        Assert.Equal([10, 20, 40, 80, 160, 320, 640], report.GetProperty("steps").Deserialize<int[]>()!);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(200)]
    public void Tables_FitTheTerminal(int width)
    {
        using var output = new StringWriter();
        var terminal = new Terminal { Output = output, Error = TextWriter.Null, Width = width };
        foreach (ResultTable table in GradientStudyTables.Of(Measured.Value, GradientStudy.QuickSteps, width))
        {
            terminal.Write(table);
        }

        Assert.Contains("Relative error of dL/dx_T", output.ToString().ReplaceLineEndings(" "));
        Assert.All(output.ToString().Split('\n'), line => Assert.True(line.TrimEnd().Length <= width, line));
    }

    [Fact]
    public void Cancelled_ChangesNothing()
    {
        using var folder = new TemporaryFolder();
        folder.Write("study.json", "old");
        using var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        ToolRun run = Tool.Run(["study", "--output", folder.FullName], cancellationToken: source.Token);

        Assert.Equal(130, run.ExitCode);
        Assert.Contains("Cancelled", run.Error);
        Assert.Equal(["study.json"], Names(folder.FullName));
        Assert.Equal("old", File.ReadAllText(folder.PathTo("study.json")));
    }

    [Fact]
    public void Output_ThatIsAFile_IsRefusedAtOnce()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("taken", "mine");
        Tool.Fails(1, ["study", "--output", file], file, "is a file", "for the output");
        Assert.Equal("mine", File.ReadAllText(file));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("two")]
    public void Threads_OutOfRange_AreRefused(string threads) =>
        Tool.Fails(2, ["study", "--threads", threads], $"Got {threads} for --threads", "from 1 to 1024");

    private static string[] Names(string folder) =>
        [.. Directory.EnumerateFileSystemEntries(folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];
}
