using Costate.Experiments.Plots;
using SkiaSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Plots;

public sealed class CaptionedSheetTests
{
    private const int Cell = CaptionedSheet.SmallestCell + CaptionedSheet.Gap;

    [Fact]
    public void Pictures_AreEnlarged_WithTheirCaptionsBelow()
    {
        using var scope = NewDisposeScope();
        CaptionedPicture red = new(stack([ones(8, 8), ones(8, 8).neg(), ones(8, 8).neg()]), "red", "second line");
        CaptionedPicture bare = new(ones(3, 8, 8).neg());
        using SKBitmap sheet = SKBitmap.Decode(CaptionedSheet.Png([red, bare, red], columns: 2));
        const int Row = Cell + (2 * CaptionedSheet.LineHeight);
        Assert.Equal(((2 * Cell) + CaptionedSheet.Gap, (2 * Row) + CaptionedSheet.Gap), (sheet.Width, sheet.Height));
        Assert.Equal(new SKColor(255, 0, 0), sheet.GetPixel(Cell / 2, Cell / 2));
        Assert.Equal(SKColors.Black, sheet.GetPixel(Cell + (Cell / 2), Cell / 2));
        Assert.True(HasText(sheet, 0, 0) && HasText(sheet, 0, 1) && HasText(sheet, 0, 0, Row));
        Assert.False(HasText(sheet, 1, 0));
    }

    [Fact]
    public void LongLines_StayBelowTheirPicture()
    {
        using var scope = NewDisposeScope();
        CaptionedPicture narrow = new(ones(3, 8, 8), "a line of text that is a good deal wider than the picture above it");
        using SKBitmap sheet = SKBitmap.Decode(CaptionedSheet.Png([new(ones(3, 8, 8)), narrow, new(ones(3, 8, 8))], columns: 3));
        Assert.True(HasText(sheet, 1, 0));
        Assert.False(HasText(sheet, 0, 0) || HasText(sheet, 2, 0));
    }

    [Fact]
    public void LargePictures_KeepTheirSize()
    {
        using var scope = NewDisposeScope();
        using SKBitmap sheet = SKBitmap.Decode(CaptionedSheet.Png([new(zeros(3, 300, 300), "A")], columns: 1));
        Assert.Equal(300 + (2 * CaptionedSheet.Gap), sheet.Width);
    }

    private static bool HasText(SKBitmap sheet, int column, int line, int top = 0)
    {
        int y = top + Cell + (line * CaptionedSheet.LineHeight);
        return Enumerable
            .Range(y, CaptionedSheet.LineHeight)
            .Any(row => Enumerable.Range(column * Cell, Cell).Any(x => sheet.GetPixel(x, row).Green < 128));
    }
}
