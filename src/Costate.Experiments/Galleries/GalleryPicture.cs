using Costate.Faces.Pictures;
using SkiaSharp;

namespace Costate.Experiments.Galleries;

/// <summary>A picture as the page holds it.</summary>
/// <param name="File">Which file it is of.</param>
/// <param name="Width">Pixels in a row of the file.</param>
/// <param name="Height">Rows of pixels of the file.</param>
/// <param name="Type">The kind of <paramref name="Bytes"/>, such as <c>image/png</c>.</param>
/// <param name="Bytes">The file, or a smaller version of it.</param>
internal sealed record GalleryPicture(GalleryFile File, int Width, int Height, string Type, byte[] Bytes)
{
    /// <summary>The longest side of a picture on the page.</summary>
    internal const int MaxSide = 1024;

    // Faces of 64 pixels are as small as pictures here are; below, nothing is to be seen.
    private const int MinSide = 32;
    private const long MaxFileBytes = 1 << 26;
    private const int BestQuality = 90;
    private const int LowestQuality = 50;

    /// <summary>Takes a file as it is, or a smaller version where it is large.</summary>
    /// <param name="file">The file.</param>
    /// <param name="maxBytes">How many bytes there is room for.</param>
    /// <returns>The picture; null if none that can be told apart fits.</returns>
    /// <exception cref="InvalidDataException">It is damaged, or larger than pictures here may be.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal static GalleryPicture? Of(GalleryFile file, long maxBytes)
    {
        long length = new FileInfo(file.Path).Length;
        if (length is 0 or > MaxFileBytes)
        {
            throw new InvalidDataException($"It has {length} bytes; expected a picture of at most {MaxFileBytes}.");
        }

        byte[] bytes = System.IO.File.ReadAllBytes(file.Path);
        if (!EncodedPicture.IsPicture(bytes))
        {
            throw new InvalidDataException($"It does not begin as a picture does; expected {EncodedPicture.Formats}.");
        }

        using var encoded = new EncodedPicture("a picture", bytes);
        using SKBitmap bitmap = encoded.Decode(mayShrink: true);
        bool fits = length <= maxBytes && Math.Max(encoded.Width, encoded.Height) <= MaxSide;
        return (fits ? bytes : Smaller(bitmap, maxBytes)) is byte[] shown
            ? new GalleryPicture(file, encoded.Width, encoded.Height, fits ? TypeOf(bytes) : "image/webp", shown)
            : null;
    }

    private static byte[]? Smaller(SKBitmap bitmap, long maxBytes)
    {
        int longest = Math.Max(bitmap.Width, bitmap.Height);
        for (double side = Math.Min(longest, MaxSide); side >= Math.Min(longest, MinSide); side /= 1.5)
        {
            double scale = side / longest;
            var size = new SKImageInfo(
                Math.Max(1, (int)Math.Round(scale * bitmap.Width)),
                Math.Max(1, (int)Math.Round(scale * bitmap.Height)),
                bitmap.ColorType,
                bitmap.AlphaType,
                bitmap.ColorSpace);
            using SKBitmap resized = bitmap.Resize(size, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
            for (int quality = BestQuality; quality >= LowestQuality; quality -= (BestQuality - LowestQuality) / 2)
            {
                using SKData data = resized.Encode(SKEncodedImageFormat.Webp, quality);
                if (data.Size <= maxBytes)
                {
                    return data.ToArray();
                }
            }
        }

        return null;
    }

    private static string TypeOf(byte[] bytes) => bytes[0] switch
    {
        0x89 => "image/png",
        0xFF => "image/jpeg",
        _ => "image/webp",
    };
}
