using SkiaSharp;

namespace Costate.Cli.Tests;

/// <summary>Writes pictures to read.</summary>
internal static class Pictures
{
    public static string Write(string path, int width, int height, Func<int, int, SKColor>? colour = null, SKEncodedImageFormat format = SKEncodedImageFormat.Png)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                bitmap.SetPixel(x, y, colour?.Invoke(x, y) ?? new SKColor((byte)(30 * x), (byte)(255 - (30 * y)), 128));
            }
        }

        using SKData data = bitmap.Encode(format, 100);
        File.WriteAllBytes(path, data.ToArray());
        return path;
    }
}
