using System.Runtime.InteropServices;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Models;

/// <summary>Reads PNG and JPEG pictures as samples: black is -1 and white is 1.</summary>
internal static class ImageFile
{
    private const long MostPixels = 1 << 26;

    /// <summary>Whether a file begins as a PNG or a JPEG does.</summary>
    internal static bool IsPicture(string path)
    {
        Span<byte> start = stackalloc byte[4];
        using FileStream stream = File.OpenRead(path);
        int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return read == start.Length && (start.SequenceEqual<byte>([0x89, (byte)'P', (byte)'N', (byte)'G']) || start[..3].SequenceEqual<byte>([0xFF, 0xD8, 0xFF]));
    }

    /// <summary>The picture, [1, channels, height, width], float32. What shines through is white; grey is 0.299 red + 0.587 green + 0.114 blue.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shape">The shape it must have; that of a colour picture of its size if null.</param>
    /// <exception cref="CommandException">It is no picture, damaged, turned, too large, or of another size.</exception>
    internal static Tensor Read(string path, long[]? shape)
    {
        byte[] bytes = Decode(path, shape, out int width, out int height);
        using DisposeScope scope = NewDisposeScope();
        Tensor colours = tensor(bytes, [height, width, 4], ScalarType.Byte).to(ScalarType.Float32).permute(2, 0, 1)[TensorIndex.Slice(0, 3)];
        Tensor channels = shape?[0] == 1 ? (colours * tensor(new[] { 0.299f, 0.587f, 0.114f }, [3, 1, 1])).sum(0, keepdim: true) : colours;
        return channels.div(127.5).sub_(1).unsqueeze(0).contiguous().MoveToOuterDisposeScope();
    }

    private static byte[] Decode(string path, long[]? shape, out int width, out int height)
    {
        using SKCodec codec = SKCodec.Create(path, out SKCodecResult opened)
            ?? throw new CommandException($"Got the picture {path}: it cannot be read ({opened}); expected a whole PNG or JPEG file.");
        (width, height) = (codec.Info.Width, codec.Info.Height);
        CheckSize(path, codec, shape);
        var info = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Premul, SKColorSpace.CreateSrgb());
        using var bitmap = new SKBitmap(info);
        SKCodecResult result = codec.GetPixels(info, bitmap.GetPixels());
        if (result != SKCodecResult.Success)
        {
            throw new CommandException($"Got the picture {path}: it cannot be read in full ({result}); expected a whole PNG or JPEG file.");
        }

        // Colours are multiplied by alpha; what is missing to 1 is white.
        byte[] pixels = MemoryMarshal.AsBytes(bitmap.GetPixelSpan()).ToArray();
        for (int i = 0; i < pixels.Length; i += 4)
        {
            int white = 255 - pixels[i + 3];
            for (int c = 0; c < 3; c++)
            {
                pixels[i + c] = (byte)Math.Min(255, pixels[i + c] + white);
            }
        }

        return pixels;
    }

    private static void CheckSize(string path, SKCodec codec, long[]? shape)
    {
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        if (shape is not null && (shape.Length != 3 || shape[0] is not (1 or 3)))
        {
            throw new CommandException($"Got the picture {path} with --shape {string.Join(',', shape)}; expected 3,{height},{width} in colour or 1,{height},{width} in grey.");
        }

        if (shape is not null && (shape[1] != height || shape[2] != width))
        {
            throw new CommandException($"Got the picture {path}, {width} wide and {height} high; expected {shape[2]} wide and {shape[1]} high as --shape {string.Join(',', shape)} says. Resize or crop it first.");
        }

        if ((long)width * height > MostPixels)
        {
            throw new CommandException($"Got the picture {path} of {(long)width * height} pixels; expected at most {MostPixels}. Resize it first.");
        }

        if (codec.EncodedOrigin != SKEncodedOrigin.TopLeft)
        {
            throw new CommandException($"Got the picture {path}, which is stored turned ({codec.EncodedOrigin}); expected one stored upright. Save it anew with an image editor.");
        }
    }
}
