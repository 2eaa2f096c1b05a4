using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Costate.Cli.Models;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Morphs;

/// <summary>A picture of a face, cut to its middle square and brought to the size that the model knows.</summary>
/// <param name="Name">As the user gave it.</param>
/// <param name="Sha256">Of the file, in hexadecimal.</param>
/// <param name="Values">[3, side, side], row by row, from 0 (black) to 255.</param>
internal sealed record FacePicture(string Name, string Sha256, byte[] Values)
{
    private const int SmallestSide = 16;
    private const long MostPixels = 1 << 26;

    /// <summary>Reads a PNG or JPEG of any size; what shines through is white. A large JPEG is made smaller while it is read.</summary>
    /// <exception cref="CommandException">It is missing, no picture, damaged, turned, too small or too large.</exception>
    internal static FacePicture Read(string path, int side)
    {
        if (!File.Exists(path))
        {
            throw new CommandException($"Got the picture {path}: {(Directory.Exists(path) ? "it is a folder" : "there is no such file")}; expected a PNG or JPEG file.");
        }

        if (!ImageFile.IsPicture(path))
        {
            throw new CommandException($"Got the picture {path}: it is neither PNG nor JPEG; expected one of them. Convert it first.");
        }

        using FileStream file = File.OpenRead(path);
        return Read(path, file, side);
    }

    /// <summary>Reads a picture from a stream that can be read again from its start.</summary>
    internal static FacePicture Read(string name, Stream stream, int side)
    {
        string hash = Convert.ToHexStringLower(SHA256.HashData(stream));
        stream.Position = 0;
        using SKBitmap picture = Decode(name, stream);
        using SKBitmap square = Square(picture, side);
        return new FacePicture(name, hash, Planes(square));
    }

    /// <summary>Pictures as faces, [pictures, 3, side, side] in -1..1.</summary>
    internal static Tensor Stack(IEnumerable<FacePicture> pictures, int side)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] all = [.. pictures.Select(p => tensor(p.Values, [3, side, side], ScalarType.Byte))];
        return stack(all).to(ScalarType.Float32).div_(127.5).sub_(1).MoveToOuterDisposeScope();
    }

    private static SKBitmap Decode(string name, Stream stream)
    {
        using SKCodec codec = SKCodec.Create(stream, out SKCodecResult opened)
            ?? throw new CommandException($"Got the picture {name}: it cannot be read ({opened}); expected a whole PNG or JPEG file.");
        SKSizeI size = Size(name, codec);
        var info = new SKImageInfo(size.Width, size.Height, SKColorType.Rgba8888, SKAlphaType.Premul, SKColorSpace.CreateSrgb());
        var bitmap = new SKBitmap(info);
        SKCodecResult result = codec.GetPixels(info, bitmap.GetPixels());
        if (result == SKCodecResult.Success)
        {
            return bitmap;
        }

        bitmap.Dispose();
        throw new CommandException($"Got the picture {name}: it cannot be read in full ({result}); expected a whole PNG or JPEG file.");
    }

    private static SKSizeI Size(string name, SKCodec codec)
    {
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        if (Math.Min(width, height) < SmallestSide)
        {
            throw new CommandException($"Got the picture {name} of {width} x {height} pixels; expected at least {SmallestSide} x {SmallestSide}, on which a face can be seen.");
        }

        if (codec.EncodedOrigin != SKEncodedOrigin.TopLeft)
        {
            throw new CommandException($"Got the picture {name}, which is stored turned ({codec.EncodedOrigin}); expected one stored upright. Save it anew with an image editor.");
        }

        // A JPEG can be read at fractions of its size.
        SKSizeI size = codec.Info.Size;
        for (float scale = 0.5f; Pixels(size) > MostPixels && scale >= 0.125f; scale /= 2)
        {
            size = codec.GetScaledDimensions(scale);
        }

        return Pixels(size) <= MostPixels
            ? size
            : throw new CommandException($"Got the picture {name} of {width} x {height} pixels; expected at most {MostPixels} in all. Make it smaller first.");
    }

    private static long Pixels(SKSizeI size) => (long)size.Width * size.Height;

    private static SKBitmap Square(SKBitmap picture, int side)
    {
        int shorter = Math.Min(picture.Width, picture.Height);
        SKRect middle = SKRect.Create((picture.Width - shorter) / 2, (picture.Height - shorter) / 2, shorter, shorter);
        var square = new SKBitmap(new SKImageInfo(side, side, SKColorType.Rgba8888, SKAlphaType.Premul, SKColorSpace.CreateSrgb()));
        using var canvas = new SKCanvas(square);
        using SKImage image = SKImage.FromBitmap(picture);
        canvas.Clear(SKColors.White);
        SKSamplingOptions sampling = shorter == side ? SKSamplingOptions.Default
            : shorter > side ? new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear)
            : new SKSamplingOptions(SKCubicResampler.Mitchell);
        canvas.DrawImage(image, middle, SKRect.Create(side, side), sampling);
        return square;
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
