using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Costate.Faces.Pictures;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Morphs;

/// <summary>A picture of a face, cut to its middle square and brought to the size that the model knows.</summary>
/// <param name="Name">As the user gave it.</param>
/// <param name="Sha256">Of the file, in hexadecimal.</param>
/// <param name="Values">[3, side, side], row by row, from 0 (black) to 255.</param>
internal sealed record FacePicture(string Name, string Sha256, byte[] Values)
{
    private const int SmallestSide = 16;

    /// <summary>
    /// Reads the bytes of a picture, of any size; what shines through is white. A large JPEG is made smaller while it is read.
    /// </summary>
    /// <exception cref="InvalidDataException">It is no picture, damaged, too small or too large.</exception>
    internal static FacePicture Read(string name, byte[] bytes, int side)
    {
        using SKBitmap square = Middle(name, bytes, side, side);
        return new FacePicture(name, Convert.ToHexStringLower(SHA256.HashData(bytes)), Planes(square));
    }

    /// <summary>The middle of a picture of any size, brought to another size, [1, 3, height, width] in -1..1.</summary>
    /// <exception cref="InvalidDataException">It is no picture, damaged, too small or too large.</exception>
    internal static Tensor ReadMiddle(string name, byte[] bytes, int width, int height)
    {
        using SKBitmap middle = Middle(name, bytes, width, height);
        using Tensor values = tensor(Planes(middle), [1, 3, height, width], ScalarType.Byte, CPU);
        return values.to(ScalarType.Float32).div_(127.5).sub_(1);
    }

    private static SKBitmap Middle(string name, byte[] bytes, int width, int height)
    {
        using var encoded = new EncodedPicture($"the picture {name}", bytes);
        if (Math.Min(encoded.Width, encoded.Height) < SmallestSide)
        {
            throw new InvalidDataException(
                $"Got the picture {name} of {encoded.Width} x {encoded.Height} pixels; expected at least {SmallestSide} x {SmallestSide}, "
                    + "on which something can be seen.");
        }

        using SKBitmap picture = encoded.Decode(mayShrink: true);
        return Cut(picture, width, height);
    }

    /// <summary>Pictures as faces, [pictures, 3, side, side] in -1..1.</summary>
    internal static Tensor Stack(IEnumerable<FacePicture> pictures, int side)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] all = [.. pictures.Select(p => tensor(p.Values, [3, side, side], ScalarType.Byte, CPU))];
        return stack(all).to(ScalarType.Float32).div_(127.5).sub_(1).MoveToOuterDisposeScope();
    }

    private static SKBitmap Cut(SKBitmap picture, int width, int height)
    {
        // The largest part of the wanted proportions.
        double scale = Math.Min((double)picture.Width / width, (double)picture.Height / height);
        (int partWidth, int partHeight) = ((int)Math.Round(width * scale), (int)Math.Round(height * scale));
        SKRect middle = SKRect.Create((picture.Width - partWidth) / 2, (picture.Height - partHeight) / 2, partWidth, partHeight);
        var cut = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Premul, SKColorSpace.CreateSrgb()));
        using var canvas = new SKCanvas(cut);
        using SKImage image = SKImage.FromBitmap(picture);
        canvas.Clear(SKColors.White);
        SKSamplingOptions sampling = partWidth == width ? SKSamplingOptions.Default
            : partWidth > width ? new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear)
            : new SKSamplingOptions(SKCubicResampler.Mitchell);
        canvas.DrawImage(image, middle, SKRect.Create(width, height), sampling);
        return cut;
    }

    private static byte[] Planes(SKBitmap square)
    {
        ReadOnlySpan<byte> pixels = MemoryMarshal.AsBytes(square.GetPixelSpan());
        int plane = square.Width * square.Height;
        byte[] planes = new byte[3 * plane];
        for (int i = 0; i < planes.Length; i++)
        {
            planes[i] = pixels[(4 * (i % plane)) + (i / plane)];
        }

        return planes;
    }
}
