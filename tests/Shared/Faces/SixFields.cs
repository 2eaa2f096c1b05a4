using SkiaSharp;

namespace Costate.Testing;

/// <summary>Pictures of six fields that all differ, three in a row, as files say in eight ways how they are turned.</summary>
internal static class SixFields
{
    internal const int Columns = 3;
    internal const int Rows = 2;

    private static byte Field(int column, int row) => (byte)(20 + (40 * ((row * Columns) + column)));

    internal static byte[] Upright() => [.. from y in Enumerable.Range(0, Rows) from x in Enumerable.Range(0, Columns) select Field(x, y)];

    // What is stored in a column and a row, as EXIF defines the eight: which sides of what is seen its first row and first column are.
    private static byte At(int orientation, int x, int y) => orientation switch
    {
        1 => Field(x, y),
        2 => Field(Columns - 1 - x, y),
        3 => Field(Columns - 1 - x, Rows - 1 - y),
        4 => Field(x, Rows - 1 - y),
        5 => Field(y, x),
        6 => Field(Columns - 1 - y, x),
        7 => Field(Columns - 1 - y, Rows - 1 - x),
        _ => Field(y, Rows - 1 - x),
    };

    private static (int Width, int Height) SizeOf(int orientation) => orientation < 5 ? (Columns, Rows) : (Rows, Columns);

    internal static byte[] Jpeg(int orientation, params byte[][] segments) =>
        TinyJpeg.Write(SizeOf(orientation).Width, SizeOf(orientation).Height, (x, y) => [At(orientation, x, y)], segments);

    private static byte[] Encoded(int orientation, SKEncodedImageFormat format)
    {
        (int width, int height) = SizeOf(orientation);
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        for (int i = 0; i < width * height; i++)
        {
            byte grey = At(orientation, i % width, i / width);
            bitmap.SetPixel(i % width, i / width, new SKColor(grey, grey, grey));
        }

        using SKData data = bitmap.Encode(format, 100);
        return data.ToArray();
    }

    internal static byte[] Png(int orientation, byte[]? exif, bool atTheEnd)
    {
        byte[] png = Encoded(orientation, SKEncodedImageFormat.Png);
        if (exif is null)
        {
            return png;
        }

        // After the header, of 33 bytes with the signature, or before the end, of 12.
        using var chunk = new MemoryStream();
        Pictures.Chunk(chunk, "eXIf"u8, exif);
        int at = atTheEnd ? png.Length - 12 : 33;
        return [.. png[..at], .. chunk.ToArray(), .. png[at..]];
    }

    internal static byte[] Webp(int orientation, byte[]? exif)
    {
        byte[] webp = Encoded(orientation, SKEncodedImageFormat.Webp);
        if (exif is null)
        {
            return webp;
        }

        (int width, int height) = SizeOf(orientation);
        byte[] extended =
        [
            .. Chunk("VP8X"u8, [8, 0, 0, 0, (byte)(width - 1), 0, 0, (byte)(height - 1), 0, 0]),
            .. webp[12..],
            .. Chunk("EXIF"u8, exif),
        ];
        return [.. "RIFF"u8, .. Little(extended.Length + 4), .. "WEBP"u8, .. extended];

        static byte[] Chunk(ReadOnlySpan<byte> name, byte[] data) =>
            [.. name, .. Little(data.Length), .. data, .. new byte[data.Length % 2]];

        static byte[] Little(int value) => [(byte)value, (byte)(value >> 8), (byte)(value >> 16), (byte)(value >> 24)];
    }

    // One entry, the orientation, behind another.
    internal static byte[] Exif(int orientation, bool bigEndian) => bigEndian
        ?
        [
            .. "MM\0*"u8, 0, 0, 0, 8, 0, 2, 1, 0, 0, 3, 0, 0, 0, 1, 0, 9, 0, 0,
            1, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, 0, 0, 0, 0,
        ]
        :
        [
            .. "II*\0"u8, 8, 0, 0, 0, 2, 0, 0, 1, 3, 0, 1, 0, 0, 0, 9, 0, 0, 0,
            0x12, 1, 3, 0, 1, 0, 0, 0, (byte)orientation, 0, 0, 0, 0, 0, 0, 0,
        ];
}
