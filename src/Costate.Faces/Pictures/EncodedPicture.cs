using System.Runtime.InteropServices;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Pictures;

/// <summary>A picture as its file has it: how large it is, upright, is known before it is decoded.</summary>
internal sealed class EncodedPicture : IDisposable
{
    /// <summary>What can be read, for messages.</summary>
    internal const string Formats = "PNG, JPEG or WebP";

    /// <summary>How many bytes of a file tell whether it is a picture.</summary>
    internal const int StartBytes = 12;

    // A kilobyte of a file can ask for gigabytes of memory.
    private const long MaxPixels = 1 << 26;

    // Of a JPEG that comes smaller: some kinds are held in full while they are read.
    private const long MaxStored = 4 * MaxPixels;

    private readonly string what;
    private readonly SKCodec codec;
    private readonly SKEncodedOrigin origin;

    /// <summary>Reads the header.</summary>
    /// <param name="what">What messages call the picture.</param>
    /// <param name="bytes">The file.</param>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    internal EncodedPicture(string what, byte[] bytes)
    {
        this.what = what;
        codec = SKCodec.Create(new MemoryStream(CmykJpeg.WithTrueColours(bytes)), out SKCodecResult opened)
            ?? throw new InvalidDataException($"Got {what}: it cannot be read ({opened}); expected a whole {Formats} file.");
        origin = codec.EncodedFormat == SKEncodedImageFormat.Png ? PngOrientation.Of(bytes) : codec.EncodedOrigin;
        (Width, Height) = Upright(codec.Info.Size);
    }

    /// <summary>Pixels in a row, as the picture is to be seen.</summary>
    internal int Width { get; }

    /// <summary>Rows of pixels, as the picture is to be seen.</summary>
    internal int Height { get; }

    // The four last ways to store a picture have its rows as columns.
    private bool LiesOnItsSide => origin >= SKEncodedOrigin.LeftTop;

    /// <summary>Whether a file begins as a picture does that can be read.</summary>
    internal static bool IsPicture(ReadOnlySpan<byte> start) =>
        start.StartsWith<byte>([0x89, (byte)'P', (byte)'N', (byte)'G'])
        || start.StartsWith<byte>([0xFF, 0xD8, 0xFF])
        || (start.Length >= StartBytes && start.StartsWith("RIFF"u8) && start[8..].StartsWith("WEBP"u8));

    /// <summary>The pixels, upright, each red, green, blue and alpha, by which the others are multiplied.</summary>
    /// <param name="mayShrink">Whether a picture of too many pixels may come smaller; a JPEG can be read at fractions of its size.</param>
    /// <exception cref="InvalidDataException">It has too many pixels, or is damaged.</exception>
    internal SKBitmap Decode(bool mayShrink = false)
    {
        SKSizeI size = codec.Info.Size;
        bool shrinks = mayShrink && Pixels(size) <= MaxStored;
        for (float scale = 0.5f; shrinks && Pixels(size) > MaxPixels && scale >= 0.125f; scale /= 2)
        {
            size = codec.GetScaledDimensions(scale);
        }

        if (Pixels(size) > MaxPixels)
        {
            throw new InvalidDataException(
                $"Got {what} of {Width} x {Height} pixels; expected at most {MaxPixels} in all. Make it smaller first.");
        }

        SKBitmap stored = Bitmap(size);
        SKCodecResult result = codec.GetPixels(stored.Info, stored.GetPixels());
        if (result != SKCodecResult.Success)
        {
            stored.Dispose();
            throw new InvalidDataException($"Got {what}: it cannot be read in full ({result}); expected a whole {Formats} file.");
        }

        return origin <= SKEncodedOrigin.TopLeft ? stored : Turned(stored);
    }

    /// <summary>
    /// The pixels as a sample, [1, 3 or 1, height, width], float32: black is -1 and white is 1. What shines through is white.
    /// </summary>
    /// <param name="grey">Whether in one channel: 0.299 red + 0.587 green + 0.114 blue.</param>
    /// <exception cref="InvalidDataException">It has too many pixels, or is damaged.</exception>
    internal Tensor ToSample(bool grey = false)
    {
        using SKBitmap bitmap = Decode();

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

        using DisposeScope scope = NewDisposeScope();
        Tensor all = tensor(pixels, [Height, Width, 4], ScalarType.Byte, CPU).to(ScalarType.Float32).permute(2, 0, 1);
        Tensor colours = all[TensorIndex.Slice(0, 3)];
        Tensor weights = tensor(new[] { 0.299f, 0.587f, 0.114f }, [3, 1, 1], device: CPU);
        Tensor channels = grey ? (colours * weights).sum(0, keepdim: true) : colours;
        return channels.div(127.5).sub_(1).unsqueeze(0).contiguous().MoveToOuterDisposeScope();
    }

    public void Dispose() => codec.Dispose();

    private static long Pixels(SKSizeI size) => (long)size.Width * size.Height;

    private static SKBitmap Bitmap(SKSizeI size) =>
        new(new SKImageInfo(size.Width, size.Height, SKColorType.Rgba8888, SKAlphaType.Premul, SKColorSpace.CreateSrgb()));

    private (int Width, int Height) Upright(SKSizeI stored) =>
        LiesOnItsSide ? (stored.Height, stored.Width) : (stored.Width, stored.Height);

    private SKBitmap Turned(SKBitmap stored)
    {
        using (stored)
        {
            (int w, int h) = (stored.Width, stored.Height);
            (int width, int height) = Upright(new SKSizeI(w, h));
            SKBitmap upright = Bitmap(new SKSizeI(width, height));
            ReadOnlySpan<uint> from = MemoryMarshal.Cast<byte, uint>(stored.GetPixelSpan());
            Span<uint> to = MemoryMarshal.Cast<byte, uint>(upright.GetPixelSpan());

            // Where the upright picture's first pixel is stored, and how far apart its neighbours to the right and below are.
            (int first, int right, int down) = origin switch
            {
                SKEncodedOrigin.TopRight => (w - 1, -1, w),
                SKEncodedOrigin.BottomRight => ((w * h) - 1, -1, -w),
                SKEncodedOrigin.BottomLeft => (w * (h - 1), 1, -w),
                SKEncodedOrigin.LeftTop => (0, w, 1),
                SKEncodedOrigin.RightTop => (w * (h - 1), -w, 1),
                SKEncodedOrigin.RightBottom => ((w * h) - 1, -w, -1),
                SKEncodedOrigin.LeftBottom => (w - 1, w, -1),
                _ => (0, 1, w),
            };
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++)
                {
                    to[(y * width) + x] = from[first + (x * right) + (y * down)];
                }
            }

            return upright;
        }
    }
}
