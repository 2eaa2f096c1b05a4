using Costate.Faces.Files;
using SkiaSharp;

namespace Costate.Faces.Drawing;

/// <summary>Drawn portraits, a file each, and a sheet of them all.</summary>
internal static class PortraitSheet
{
    private const int Gap = 2;

    /// <summary>What a portrait takes of the sheet, in pixels a side.</summary>
    internal static int Cell(int side) => side + Gap;

    /// <summary>Draws them into a folder.</summary>
    /// <param name="seeds">Who, and under which circumstance.</param>
    /// <param name="side">Height and width of a portrait in pixels.</param>
    /// <param name="columns">Of the sheet.</param>
    /// <param name="files">The names of the portraits.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="sheetFile">The name of the sheet.</param>
    /// <param name="progress">Told how many are drawn.</param>
    /// <param name="cancellationToken">Looked at before each.</param>
    internal static void Draw(
        IReadOnlyList<(ulong Who, ulong When)> seeds,
        int side,
        int columns,
        IReadOnlyList<string> files,
        OutputFolder folder,
        string sheetFile,
        IProgress<double>? progress,
        CancellationToken cancellationToken)
    {
        int rows = (seeds.Count + columns - 1) / columns;
        using var sheet = new SKBitmap(
            new SKImageInfo((columns * Cell(side)) + Gap, (rows * Cell(side)) + Gap, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using (var canvas = new SKCanvas(sheet))
        {
            canvas.Clear(SKColors.Gray);
            for (int i = 0; i < seeds.Count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using SKBitmap portrait = DrawnFaces.Draw(seeds[i].Who, seeds[i].When, side);
                canvas.DrawBitmap(portrait, Gap + (i % columns * Cell(side)), Gap + (i / columns * Cell(side)));
                Save(portrait, folder.Stage(files[i]));
                progress?.Report(i + 1);
            }
        }

        Save(sheet, folder.Stage(sheetFile));
    }

    private static void Save(SKBitmap picture, string path)
    {
        // In memory first: an error of the disk inside the encoder would end the process.
        using SKData png = picture.Encode(SKEncodedImageFormat.Png, 100);
        File.WriteAllBytes(path, png.ToArray());
    }
}
