using Costate.Faces.Files;
using Costate.Faces.Pictures;
using Costate.Testing;
using SkiaSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Pictures;

public sealed class ContactSheetTests
{
    [Fact]
    public void Values_AreColours()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();

        // Red, a grey and one beyond both ends, in a row of three pixels of one image.
        Tensor image = tensor(new[] { 1f, 0, -3, -1, 0, 5, -1, 0, -1 }, [1, 3, 1, 3]);
        using SKBitmap sheet = Written(image, folder);
        int scale = (sheet.Width - 4) / 3;
        Assert.Equal(new SKColor(255, 0, 0), sheet.GetPixel(2, 2));
        Assert.Equal(new SKColor(128, 128, 128), sheet.GetPixel(2 + scale, 2));
        Assert.Equal(new SKColor(0, 255, 0), sheet.GetPixel(2 + (2 * scale), 2));
    }

    [Fact]
    public void OneChannel_IsGrey()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using SKBitmap sheet = Written(tensor(new[] { -1f, 1 }, [1, 1, 1, 2]), folder);
        Assert.Equal(SKColors.Black, sheet.GetPixel(2, 2));
        Assert.Equal(SKColors.White, sheet.GetPixel(sheet.Width - 3, 2));
    }

    [Fact]
    public void Items_FillRows()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Tensor images = zeros(5, 1, 64, 64);
        images[4] = ones(1, 64, 64);
        using SKBitmap sheet = Written(images, folder);
        Assert.Equal(((3 * 66) + 2, (2 * 66) + 2), (sheet.Width, sheet.Height));
        Assert.Equal(SKColors.White, sheet.GetPixel(66 + 2, 66 + 2));
        Assert.NotEqual(SKColors.White, sheet.GetPixel(2, 66 + 2));
    }

    [Fact]
    public void ManyItems_MakeSeveralSheets()
    {
        Assert.Equal(["sample-1.png", "sample-2.png"], ContactSheet.For([100, 3, 8, 8])!.Names);
        Assert.Equal(["sample.png"], ContactSheet.For([64, 3, 8, 8])!.Names);
        Assert.True(ContactSheet.For([64, 3, 2048, 2048])!.Names.Count > 1);
    }

    [Fact]
    public void OtherShapes_AreNoImages()
    {
        Assert.Null(ContactSheet.For([2, 4, 8, 8]));
        Assert.Null(ContactSheet.For([2, 8, 8]));
        Assert.Null(ContactSheet.For([2, 3]));
    }

    private static SKBitmap Written(Tensor images, TemporaryFolder folder)
    {
        using OutputFolder output = OutputFolder.Prepare(folder.FullName);
        ContactSheet.For(images.shape)!.Write(images, output.Stage);
        output.Commit();
        return SKBitmap.Decode(folder.PathTo("sample.png"));
    }
}
