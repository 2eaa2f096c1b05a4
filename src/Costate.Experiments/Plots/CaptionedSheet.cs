using Costate.Faces.Pictures;
using SkiaSharp;

namespace Costate.Experiments.Plots;

/// <summary>Pictures in rows, small ones smoothly enlarged, each with its caption below.</summary>
internal static class CaptionedSheet
{
    /// <summary>The least width and height of a picture on a sheet.</summary>
    internal const int SmallestCell = 176;

    /// <summary>The height of a line of the captions.</summary>
    internal const int LineHeight = 24;

    /// <summary>Between pictures, and around them.</summary>
    internal const int Gap = 6;

    private const float TextSize = 18;

    /// <summary>The file of a sheet.</summary>
    /// <param name="pictures">Row by row, at least one, all of one size.</param>
    /// <param name="columns">Pictures in a row.</param>
    internal static byte[] Png(IReadOnlyList<CaptionedPicture> pictures, int columns)
    {
        int side = (int)Math.Max(SmallestCell, Math.Max(pictures[0].Picture.shape[1], pictures[0].Picture.shape[2]));
        int height = side + (LineHeight * pictures.Max(p => p.Lines.Count)) + Gap;
        int rows = (pictures.Count + columns - 1) / columns;
        using var sheet = new SKBitmap(
            new SKImageInfo((columns * (side + Gap)) + Gap, (rows * height) + Gap, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using var canvas = new SKCanvas(sheet);
        using SKTypeface typeface = PlotFont.Typeface();
        canvas.Clear(SKColors.White);
        foreach ((int i, CaptionedPicture picture) in pictures.Index())
        {
            var cell = SKRect.Create(Gap + (i % columns * (side + Gap)), Gap + (i / columns * height), side, side);
            Draw(canvas, picture, cell);
            foreach ((int line, string text) in picture.Lines.Index())
            {
                Write(canvas, typeface, text, cell.MidX, cell.Bottom + ((line + 0.8f) * LineHeight), side - Gap);
            }
        }

        using SKData png = sheet.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    private static void Draw(SKCanvas canvas, CaptionedPicture picture, SKRect cell)
    {
        using SKBitmap bitmap = PictureFile.Bitmap(picture.Picture);
        using SKImage image = SKImage.FromBitmap(bitmap);
        canvas.DrawImage(image, SKRect.Create(image.Width, image.Height), cell, new SKSamplingOptions(SKCubicResampler.Mitchell));
    }

    // A line that is wider than its picture is written smaller.
    private static void Write(SKCanvas canvas, SKTypeface typeface, string text, float middle, float baseline, float width)
    {
        using var font = new SKFont(typeface, TextSize);
        using var black = new SKPaint { Color = SKColors.Black, IsAntialias = true };
        font.Size = TextSize * Math.Min(1, width / font.MeasureText(text));
        canvas.DrawText(text, middle, baseline, SKTextAlign.Center, font, black);
    }
}
