using System.Text.Json;
using Costate.Testing;
using SkiaSharp;

namespace Costate.Cli.Tests.Commands.Study;

public sealed class MeasurementCommandTests
{
    [Fact]
    public void Run_GoesOnWhereAnotherEnded()
    {
        using var folder = new TemporaryFolder();
        string[] line = ["study", "density", "--quick", "--json", "--output", folder.FullName];
        string first = Tool.Done(line).Output;
        string[] kept = Directory.GetFiles(folder.PathTo("density", "measurements"));
        DateTime[] written = [.. kept.Select(File.GetLastWriteTimeUtc)];
        File.Delete(kept[0]);
        string second = Tool.Done(line).Output;
        Assert.Equal(written[1..], kept[1..].Select(File.GetLastWriteTimeUtc));
        Assert.True(File.Exists(kept[0]));

        // All but the time that it took.
        JsonElement report = JsonDocument.Parse(first).RootElement;
        Assert.Equal(
            report.GetProperty("weights").GetRawText(), JsonDocument.Parse(second).RootElement.GetProperty("weights").GetRawText());
        Assert.Equal(12, report.GetProperty("weights").GetArrayLength());
        foreach (string name in (string[])["log-density-error.png", "effective-size.png"])
        {
            using SKBitmap plot = SKBitmap.Decode(folder.PathTo("density", name));
            Assert.Equal(1600, plot.Width);
            Assert.True(plot.Pixels.Where(p => p.Red != p.Green || p.Green != p.Blue).Distinct().Count() > 20);
        }

        Tool.Fails(1, ["study", "density", "--output", folder.FullName], "other settings", "quick (there true, now false)");
    }

    [Fact]
    public void Cancelled_SaysWhatIsKept()
    {
        using var folder = new TemporaryFolder();
        using var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        ToolRun run = Tool.Run(["study", "posterior", "--output", folder.FullName], cancellationToken: source.Token);
        Assert.Equal(130, run.ExitCode);
        Assert.Contains(folder.PathTo("posterior"), run.Error);
    }
}
