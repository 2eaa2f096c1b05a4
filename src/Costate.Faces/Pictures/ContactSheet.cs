using System.Runtime.InteropServices;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Pictures;

/// <summary>
/// Samples of an image shape as PNG pictures, many on a sheet: -1 is black and 1 is white, values beyond are shown as the nearest of
/// the two. Small images are enlarged by a whole number.
/// </summary>
internal sealed class ContactSheet
{
    private const int Gap = 2;
    private const int SmallestSide = 64;
    private const int MaxPerSheet = 64;
    private const int MaxPixels = 1 << 26;

    private readonly int batch;
    private readonly int channels;
    private readonly int height;
    private readonly int width;
    private readonly int scale;
    private readonly int perSheet;

    private readonly string name;
    private readonly int? columns;

    private ContactSheet(long[] shape, string name, int? columns)
    {
        (this.name, this.columns) = (name, columns);
        (batch, channels, height, width) = ((int)shape[0], (int)shape[1], (int)shape[2], (int)shape[3]);
        scale = Math.Max(1, (SmallestSide + Math.Max(height, width) - 1) / Math.Max(height, width));
        long pixels = (long)((height * scale) + Gap) * ((width * scale) + Gap);
        perSheet = (int)Math.Clamp(MaxPixels / pixels, 1, MaxPerSheet);
    }

    /// <summary>The names of the files, in order.</summary>
    internal IReadOnlyList<string> Names
    {
        get
        {
            int sheets = (batch + perSheet - 1) / perSheet;
            return sheets == 1 ? [$"{name}.png"] : [.. Enumerable.Range(1, sheets).Select(i => $"{name}-{i}.png")];
        }
    }

    /// <summary>The sheets for samples of a shape; null where they are no images: [batch, 1 or 3, height, width].</summary>
    /// <param name="shape">[batch, ...].</param>
    /// <param name="name">What the files are called, without their ending.</param>
    /// <param name="columns">Images in a row; as many as rows if null.</param>
    internal static ContactSheet? For(long[] shape, string name = "sample", int? columns = null) =>
        shape.Length == 4 && shape[1] is 1 or 3 && shape[2] * shape[3] <= MaxPixels ? new ContactSheet(shape, name, columns) : null;

    /// <summary>Writes all sheets.</summary>
    /// <param name="samples">[batch, 1 or 3, height, width].</param>
    /// <param name="pathOf">Where a file of a name goes.</param>
    internal void Write(Tensor samples, Func<string, string> pathOf)
    {
        byte[] values = Bytes(samples);
        for (int sheet = 0; sheet < Names.Count; sheet++)
        {
            int first = sheet * perSheet;
            File.WriteAllBytes(pathOf(Names[sheet]), Sheet(values, first, Math.Min(perSheet, batch - first)));
        }
    }

    /// <summary>Writes one sheet to a file of its own.</summary>
    internal static void WriteFile(string path, Tensor samples, int columns) =>
        File.WriteAllBytes(path, new ContactSheet(samples.shape, "", columns).Sheet(Bytes(samples), 0, (int)samples.shape[0]));

    private static byte[] Bytes(Tensor samples)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        return
        [
            .. samples
                .detach()
                .cpu()
                .to(ScalarType.Float32)
                .add(1)
                .mul(127.5)
                .round()
                .clamp(0, 255)
                .to(ScalarType.Byte)
                .contiguous()
                .data<byte>(),
        ];
    }

    private byte[] Sheet(byte[] values, int first, int count)
    {
        int columns = Math.Min(count, this.columns ?? (int)Math.Ceiling(Math.Sqrt(count)));
        int rows = (count + columns - 1) / columns;
        (int cellWidth, int cellHeight) = ((width * scale) + Gap, (height * scale) + Gap);
        using var bitmap = new SKBitmap(
            new SKImageInfo((columns * cellWidth) + Gap, (rows * cellHeight) + Gap, SKColorType.Rgba8888, SKAlphaType.Opaque));
        Span<uint> pixels = MemoryMarshal.Cast<byte, uint>(bitmap.GetPixelSpan());
        pixels.Fill(Pixel(128, 128, 128));
        for (int i = 0; i < count; i++)
        {
            (int left, int top) = (((i % columns) * cellWidth) + Gap, ((i / columns) * cellHeight) + Gap);
            for (int y = 0; y < height * scale; y++)
            {
                Span<uint> row = pixels.Slice(((top + y) * bitmap.Width) + left, width * scale);
                for (int x = 0; x < row.Length; x++)
                {
                    row[x] = At(values, first + i, y / scale, x / scale);
                }
            }
        }

        using SKData png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    private uint At(byte[] values, int item, int y, int x)
    {
        int plane = height * width;
        int at = (item * channels * plane) + (y * width) + x;
        return channels == 1 ? Pixel(values[at], values[at], values[at]) : Pixel(values[at], values[at + plane], values[at + (2 * plane)]);
    }

    // Red first in memory, on the little-endian machines that torch runs on.
    private static uint Pixel(byte red, byte green, byte blue) => red | ((uint)green << 8) | ((uint)blue << 16) | 0xFF000000;
}
