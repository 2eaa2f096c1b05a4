using System.Buffers.Binary;
using System.Text;
using Costate.Faces.Pictures;
using Costate.Testing;
using SkiaSharp;

namespace Costate.Faces.Tests.Pictures;

public sealed class EncodedPictureTests
{
    public static TheoryData<string, int> Stored => new(
            from format in (string[])["jpeg", "jpeg big endian", "png", "png at its end", "webp"]
            from orientation in Enumerable.Range(1, 8)
            select (format, orientation));

    [Theory]
    [MemberData(nameof(Stored))]
    public void TurnedPictures_AreUpright(string format, int orientation)
    {
        byte[] exif = SixFields.Exif(orientation, bigEndian: format.Contains("big", StringComparison.Ordinal) || format == "png");
        byte[] file = format switch
        {
            "jpeg" or "jpeg big endian" => SixFields.Jpeg(orientation, TinyJpeg.Segment(0xE1, [.. "Exif\0\0"u8, .. exif])),
            "webp" => SixFields.Webp(orientation, exif),
            _ => SixFields.Png(orientation, exif, atTheEnd: format == "png at its end"),
        };
        Assert.Equal(SixFields.Upright(), Fields(file));

        // Without what says so they are not turned.
        byte[] silent =
            format.StartsWith("jpeg", StringComparison.Ordinal) ? SixFields.Jpeg(orientation)
            : format == "webp" ? SixFields.Webp(orientation, null)
            : SixFields.Png(orientation, null, false);
        Assert.Equal(orientation == 1, Fields(silent).SequenceEqual(SixFields.Upright()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("II*")]
    [InlineData("II*\0\u0008\0\0\0\u00ff\u00ff")]
    [InlineData("II*\0\u00ff\u00ff\u00ff\u00ff\u0001\0")]
    [InlineData("II*\0\u0008\0\0\0\u0001\0\u0012\u0001\u0003\0\u0001\0\0\0\u0009\0\0\0")]
    [InlineData("II*\0\u0008\0\0\0\u0001\0\u0012\u0001\u0004\0\u0001\0\0\0\u0006\0\0\0")]
    public void Nonsense_TurnsNothing(string exif) =>
        Assert.Equal(SixFields.Upright(), Fields(SixFields.Png(1, Encoding.Latin1.GetBytes(exif), atTheEnd: false)));

    // What Adobe's programs write is inverted, 255 for no ink; without their marker 255 is all ink.
    [Theory]
    [InlineData(0, 0, 0, 0)]
    [InlineData(255, 255, 255, 255)]
    [InlineData(255, 0, 0, 0)]
    [InlineData(0, 0, 0, 255)]
    [InlineData(10, 200, 60, 40)]
    [InlineData(128, 128, 128, 128)]
    public void Inks_AreTheirTrueColours(byte cyan, byte magenta, byte yellow, byte black)
    {
        byte[] inks = [cyan, magenta, yellow, black];
        byte[] inverted = [.. inks.Select(ink => (byte)(255 - ink))];
        byte[] expected = [.. inks[..3].Select(ink => (byte)Math.Round((255 - ink) * (255 - black) / 255.0))];
        Near(expected, TinyJpeg.Write(1, 1, (_, _) => inks));
        Near(expected, TinyJpeg.Write(1, 1, (_, _) => inverted, TinyJpeg.Adobe(0)));

        // A profile that is read inverted would be none.
        Near(expected, TinyJpeg.Write(1, 1, (_, _) => inks, TinyJpeg.Segment(0xE2, [.. "ICC_PROFILE\0"u8, 1, 1, 7, 7, 7])));

        // In luma and chroma what is not inverted is the three inks, so that their opposite is.
        double[] rgb = [.. inks[..3].Select(ink => (double)ink)];
        double luma = (0.299 * rgb[0]) + (0.587 * rgb[1]) + (0.114 * rgb[2]);
        byte[] ycck = [Byte(luma), Byte(((rgb[2] - luma) / 1.772) + 128), Byte(((rgb[0] - luma) / 1.402) + 128), (byte)(255 - black)];
        Near(expected, TinyJpeg.Write(1, 1, (_, _) => ycck, TinyJpeg.Adobe(2)), 3);
    }

    [Fact]
    public void BrokenMarkers_AreLeftToTheDecoder()
    {
        byte[] whole = TinyJpeg.Write(1, 1, (_, _) => [1, 2, 3, 4]);
        for (int length = 0; length < whole.Length; length++)
        {
            byte[] cut = whole[..length];
            Assert.NotNull(CmykJpeg.WithTrueColours(cut));
            if (length >= 12 && length < whole.Length - 3)
            {
                Refused(cut);
            }
        }
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Png)]
    [InlineData(SKEncodedImageFormat.Jpeg)]
    [InlineData(SKEncodedImageFormat.Webp)]
    public void TruncatedFiles_AreRefusedByName(SKEncodedImageFormat format)
    {
        using var folder = new TemporaryFolder();
        byte[] whole = File.ReadAllBytes(
            Testing.Pictures.Write(folder.PathTo("p"), 40, 30, (x, y) => new SKColor((byte)(x * y), (byte)(17 * x), (byte)(31 * y)), format));
        Assert.NotEmpty(Fields(whole, 1));
        for (int tenth = 1; tenth < 10; tenth++)
        {
            Refused(whole[..(whole.Length * tenth / 10)]);
        }
    }

    [Fact]
    public void HugeSizes_AreRefusedBeforeTheyAreDecoded()
    {
        byte[] jpeg = TinyJpeg.Write(1, 1, (_, _) => [128]);
        int frame = jpeg.AsSpan().IndexOf<byte>([0xFF, 0xC0]);
        BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 5), 65500);
        BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 7), 65500);

        // The header of a lossless WebP: 14 bits each for the width and the height, less 1.
        byte[] webp = [.. "RIFF"u8, 30, 0, 0, 0, .. "WEBPVP8L"u8, 18, 0, 0, 0, 0x2F, 0xFE, 0xFF, 0xFE, 0x0F, .. new byte[13]];
        foreach (byte[] bomb in (byte[][])[Testing.Pictures.Png(20000, colourType: 0, bits: 1, []), jpeg, webp])
        {
            using var picture = new EncodedPicture("the bomb", bomb);
            Assert.Contains("expected at most 67108864", Assert.Throws<InvalidDataException>(() => picture.Decode()).Message);
            Assert.Contains(
                "the bomb of",
                Assert.Throws<InvalidDataException>(() => picture.Decode(mayShrink: picture.Width > 60000)).Message);
        }
    }

    [Fact]
    public void DamagedPictures_AreReadOrRefused()
    {
        var random = new Random(5);
        byte[][] files =
        [
            SixFields.Jpeg(6, TinyJpeg.Segment(0xE1, [.. "Exif\0\0"u8, .. SixFields.Exif(6, false)])),
            SixFields.Png(6, SixFields.Exif(6, true), false),
            SixFields.Webp(6, SixFields.Exif(6, false)),
            TinyJpeg.Write(2, 2, (_, _) => [1, 2, 3, 4]),
        ];
        for (int i = 0; i < 2000; i++)
        {
            byte[] damaged = [.. files[i % files.Length]];
            for (int n = random.Next(1, 5); n > 0; n--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                using var picture = new EncodedPicture("it", damaged);
                picture.Decode().Dispose();
            }
            catch (InvalidDataException e)
            {
                Assert.Contains("Got it", e.Message);
            }
        }
    }

    private static void Refused(byte[] file)
    {
        string message = Assert.Throws<InvalidDataException>(() =>
        {
            using var picture = new EncodedPicture("the picture p", file);
            picture.Decode().Dispose();
        }).Message;
        Assert.Contains("the picture p", message);
        Assert.Contains("expected a whole PNG, JPEG or WebP file", message);
    }

    private static byte Byte(double value) => (byte)Math.Clamp(Math.Round(value), 0, 255);

    private static void Near(byte[] expected, byte[] jpeg, int tolerance = 1)
    {
        using var picture = new EncodedPicture("it", jpeg);
        using SKBitmap read = picture.Decode();
        SKColor colour = read.GetPixel(3, 3);
        Assert.All(
            expected.Zip((byte[])[colour.Red, colour.Green, colour.Blue]),
            pair => Assert.InRange(pair.Second - pair.First, -tolerance, tolerance));
    }

    // The grey of the field in the middle of each, and as the first byte of a wrong size none.
    private static byte[] Fields(byte[] file, int most = SixFields.Columns * SixFields.Rows)
    {
        using var picture = new EncodedPicture("it", file);
        using SKBitmap read = picture.Decode();
        Assert.Equal((picture.Width, picture.Height), (read.Width, read.Height));
        int side = Math.Max(1, read.Width / SixFields.Columns);
        return
        [
            .. (
                from y in Enumerable.Range(0, read.Height / side)
                from x in Enumerable.Range(0, read.Width / side)
                select read.GetPixel((x * side) + (side / 2), (y * side) + (side / 2)).Red
            ).Take(most),
        ];
    }
}
