using System.Runtime.InteropServices;
using Costate.Faces.Pictures;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Files;

/// <summary>Pictures as samples: black is -1 and white is 1.</summary>
internal static class ImageFile
{
    /// <summary>
    /// The picture, [1, channels, height, width], float32. What shines through is white; grey is 0.299 red + 0.587 green + 0.114 blue.
    /// </summary>
    /// <param name="what">What messages call it: "the picture a.png".</param>
    /// <param name="bytes">The file.</param>
    /// <param name="shape">The shape it must have; that of a colour picture of its size if null.</param>
    /// <exception cref="CommandException">It is damaged, too large, or of another size.</exception>
    internal static Tensor Read(string what, byte[] bytes, long[]? shape)
    {
        byte[] pixels = Decode(what, bytes, shape, out int width, out int height);
        using DisposeScope scope = NewDisposeScope();
        Tensor colours = tensor(pixels, [height, width, 4], ScalarType.Byte).to(ScalarType.Float32).permute(2, 0, 1)[
            TensorIndex.Slice(0, 3)
        ];
        Tensor channels = shape?[0] == 1 ? (colours * tensor(new[] { 0.299f, 0.587f, 0.114f }, [3, 1, 1])).sum(0, keepdim: true) : colours;
        return channels.div(127.5).sub_(1).unsqueeze(0).contiguous().MoveToOuterDisposeScope();
    }

    private static byte[] Decode(string what, byte[] bytes, long[]? shape, out int width, out int height)
    {
        using var picture = new EncodedPicture(what, bytes);
        (width, height) = (picture.Width, picture.Height);
        CheckSize(what, width, height, shape);
        using SKBitmap bitmap = picture.Decode();

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

    private static void CheckSize(string what, int width, int height, long[]? shape)
    {
        if (shape is not null && (shape.Length != 3 || shape[0] is not (1 or 3)))
        {
            throw new CommandException(
                $"Got {what} with --shape {string.Join(',', shape)}; expected 3,{height},{width} in colour or 1,{height},{width} in grey.");
        }

        if (shape is not null && (shape[1] != height || shape[2] != width))
        {
            throw new CommandException(
                $"Got {what}, {width} wide and {height} high; expected {shape[2]} wide and {shape[1]} high as --shape "
                    + $"{string.Join(',', shape)} says. Resize or crop it first.");
        }
    }
}
