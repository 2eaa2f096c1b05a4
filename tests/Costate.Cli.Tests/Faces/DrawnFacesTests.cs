using System.Text.Json;
using Costate.Faces.Drawing;
using Costate.Testing;
using SkiaSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Faces;

public sealed class DrawnFacesTests
{
    [Fact]
    public void SameSeeds_GiveTheSameBytes()
    {
        using var scope = NewDisposeScope();
        Assert.True(DrawnFaces.Batch([(3, 4), (5, 6)])[1].equal(DrawnFaces.Batch([(5, 6)])[0]).all().item<bool>());
    }

    [Fact]
    public void OtherSeeds_GiveOtherPictures()
    {
        using var scope = NewDisposeScope();
        Assert.True(Distance((3, 4), (3, 5)) > 1);
        Assert.True(Distance((3, 4), (4, 4)) > 1);
    }

    // Backgrounds and clothes differ between pictures of a person, so this looks at the middle of the face alone.
    [Fact]
    public void PicturesOfOnePerson_AreMoreAlikeThanThoseOfTwo()
    {
        using var scope = NewDisposeScope();
        const int People = 100;
        Tensor first = Middle(0);
        Tensor second = Middle(1);
        Tensor same = (first - second).abs().mean([1, 2, 3]);
        Tensor other = (first - second.roll(1, 0)).abs().mean([1, 2, 3]);
        Assert.True(same.mean().item<float>() < 0.6 * other.mean().item<float>());

        Tensor Middle(ulong when) =>
            DrawnFaces.Batch([.. Enumerable.Range(0, People).Select(i => ((ulong)i, when))])[.., .., 20..52, 18..46].to(ScalarType.Float32);
    }

    [Fact]
    public void Traits_AreSpreadOverTheirRange()
    {
        FaceIdentity[] people = [.. Enumerable.Range(0, 2000).Select(i => FaceIdentity.FromSeed((ulong)i))];
        Assert.Equal(Enum.GetValues<HairStyle>().Length, people.Select(p => p.Hair).Distinct().Count());
        Assert.True(people.Min(p => p.EyeSpacing) < 6.2 && people.Max(p => p.EyeSpacing) > 8.4);
        Assert.InRange(people.Count(p => p.Moles.Count > 0), 600, 800);
        Assert.InRange(people.Count(p => p.Beard > 0), 350, 550);
    }

    [Fact]
    public void LargePortrait_IsTheSmallOneInDetail()
    {
        using SKBitmap small = DrawnFaces.Draw(7, 1);
        using SKBitmap large = DrawnFaces.Draw(7, 1, 256);
        using SKBitmap reduced = large.Resize(small.Info, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        double difference = small.Pixels.Zip(reduced.Pixels, (a, b) => Math.Abs(a.Green - b.Green)).Average();

        // The grain, drawn for each pixel, and the edges.
        Assert.InRange(difference, 0, 6);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(5000)]
    public void ImpossibleSize_IsRefused(int size) => Assert.Throws<ArgumentOutOfRangeException>(() => DrawnFaces.Draw(1, 1, size));

    [Fact]
    public void Command_WritesPortraitsAndSheet()
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

    private static double Distance((ulong, ulong) a, (ulong, ulong) b) =>
        (DrawnFaces.Batch([a]).to(ScalarType.Float32) - DrawnFaces.Batch([b]).to(ScalarType.Float32)).abs().mean().item<float>();
}
