using System.Text.Json;
using Costate.Faces.Drawing;
using Costate.Testing;
using SkiaSharp;

namespace Costate.Cli.Tests.Commands.Faces;

/// <summary>costate faces draw.</summary>
public sealed class FacesDrawCommandTests
{
    [Fact]
    public void Run_WritesPortraitsAndSheet()
    {
        using var folder = new TemporaryFolder();
        ToolRun run = Tool.Done(
            "faces",
            "draw",
            "--people",
            "2",
            "--pictures",
            "3",
            "--identity",
            "9",
            "--size",
            "32",
            "--json",
            "--output",
            folder.FullName);
        JsonElement portraits = JsonDocument.Parse(run.Output).RootElement.GetProperty("portraits");
        Assert.Equal(6, portraits.GetArrayLength());
        using SKBitmap portrait = SKBitmap.Decode(folder.PathTo("face-10-2.png"));
        using SKBitmap drawn = DrawnFaces.Draw(10, 2, 32);
        Assert.Equal(drawn.Pixels, portrait.Pixels);
        using SKBitmap sheet = SKBitmap.Decode(folder.PathTo("sheet.png"));
        Assert.Equal((104, 70), (sheet.Width, sheet.Height));
    }

    [Theory]
    [InlineData("--size", "9")]
    [InlineData("--size", "9000")]
    [InlineData("--people", "100000")]
    public void TooMuch_IsBadUsage(string option, string value)
    {
        using var folder = new TemporaryFolder();
        ToolRun run = Tool.Run("faces", "draw", option, value, "--output", folder.FullName);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(value, run.Error);
    }
}
