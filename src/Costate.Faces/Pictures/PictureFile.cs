using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Pictures;

/// <summary>One picture as a PNG file, pixel by pixel.</summary>
internal static class PictureFile
{
    /// <summary>
    /// The file of a picture, [1 or 3, height, width]: -1 is black and 1 is white, values beyond are the nearest of the two.
    /// </summary>
    /// <param name="picture">The picture.</param>
    /// <param name="remark">Text about it, which becomes a part of the file; none if null.</param>
    internal static byte[] Png(Tensor picture, string? remark = null)
    {
        using SKBitmap bitmap = Bitmap(picture);
        using SKData png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return remark is null ? png.ToArray() : PngRemark.Added(png.Span, remark);
    }

    /// <summary>The same picture to draw with. Dispose it.</summary>
    internal static SKBitmap Bitmap(Tensor picture)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor colours = picture.expand(3, -1, -1).to(ScalarType.Float32).add(1).mul_(127.5).round_().clamp_(0, 255);
        byte[] values = [.. colours.to(ScalarType.Byte).cpu().permute(1, 2, 0).contiguous().data<byte>()];
        var bitmap = new SKBitmap(new SKImageInfo((int)picture.shape[2], (int)picture.shape[1], SKColorType.Rgba8888, SKAlphaType.Opaque));
        Span<byte> pixels = bitmap.GetPixelSpan();
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = i % 4 == 3 ? (byte)255 : values[(i / 4 * 3) + (i % 4)];
        }

        return bitmap;
    }
}
