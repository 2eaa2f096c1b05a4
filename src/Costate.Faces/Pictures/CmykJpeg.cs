using System.Buffers.Binary;

namespace Costate.Faces.Pictures;

/// <summary>JPEG pictures in the four inks of a press.</summary>
/// <remarks>
/// The decoder takes all of them for inverted, 255 for no ink, which holds for those that carry Adobe's marker. The others say how much ink
/// there is. These are given a colour profile that turns what the decoder makes of them into <c>red = (1 - cyan)(1 - black)</c> and so on;
/// a profile of their own would be read inverted, so it gives way.
/// </remarks>
internal static class CmykJpeg
{
    private const int HeaderBytes = 128;
    private const byte StartOfScan = 0xDA;
    private const byte ProfileSegment = 0xE2;
    private const byte AdobeSegment = 0xEE;

    // From red, green and blue of sRGB to X, Y and Z under D50.
    private static readonly double[] ToXyz =
    [
        0.4360747, 0.3850649, 0.1430804,
        0.2225045, 0.7168786, 0.0606169,
        0.0139322, 0.0971045, 0.7141733,
    ];

    /// <summary>The picture with that profile if it needs one, or as it is.</summary>
    internal static byte[] WithTrueColours(byte[] jpeg)
    {
        (bool isInk, List<Range> profiles) = Read(jpeg);
        if (!isInk)
        {
            return jpeg;
        }

        byte[] payload = [.. "ICC_PROFILE\0"u8, 1, 1, .. Profile()];
        using var file = new MemoryStream(jpeg.Length + payload.Length + 4);
        file.Write(jpeg.AsSpan(0, 2));
        file.Write([0xFF, ProfileSegment, (byte)((payload.Length + 2) >> 8), (byte)(payload.Length + 2)]);
        file.Write(payload);
        int at = 2;
        foreach (Range profile in profiles)
        {
            file.Write(jpeg.AsSpan(at, profile.Start.Value - at));
            at = profile.End.Value;
        }

        file.Write(jpeg.AsSpan(at));
        return file.ToArray();
    }

    // Whether it has four components and no marker of Adobe's, and where its own profile stands.
    private static (bool IsInk, List<Range> Profiles) Read(ReadOnlySpan<byte> jpeg)
    {
        var profiles = new List<Range>();
        bool four = false;
        for (int at = 2; at + 4 <= jpeg.Length && jpeg[at] == 0xFF && jpeg[at + 1] != StartOfScan;)
        {
            byte marker = jpeg[at + 1];
            if (marker == 0xFF)
            {
                at++;
                continue;
            }

            int end = at + 2 + BinaryPrimitives.ReadUInt16BigEndian(jpeg[(at + 2)..]);
            if (end < at + 4 || end > jpeg.Length)
            {
                break;
            }

            ReadOnlySpan<byte> payload = jpeg[(at + 4)..end];
            if (marker == AdobeSegment && payload.StartsWith("Adobe"u8))
            {
                return (false, profiles);
            }

            if (marker == ProfileSegment && payload.StartsWith("ICC_PROFILE\0"u8))
            {
                profiles.Add(at..end);
            }

            // A frame's header, of any kind of JPEG.
            bool isFrame = marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC);
            four |= isFrame && payload.Length > 5 && payload[5] == 4;
            at = end;
        }

        return (four, profiles);
    }

    // An ICC profile (version 4) whose table of 2 x 2 x 2 x 2 colours, between which is interpolated, is a product; sRGB from there on.
    private static byte[] Profile()
    {
        using var body = new MemoryStream();
        body.Write([.. "mAB "u8, 0, 0, 0, 0, 4, 3, 0, 0]);
        byte[] identity = [.. "curv"u8, 0, 0, 0, 0, 0, 0, 0, 0];
        byte[] curve =
        [
            .. "para"u8,
            0,
            0,
            0,
            0,
            0,
            3,
            0,
            0,
            .. Fixed(2.4),
            .. Fixed(1 / 1.055),
            .. Fixed(0.055 / 1.055),
            .. Fixed(1 / 12.92),
            .. Fixed(0.04045),
        ];

        // 1 is written as 32768/65535 in X, Y and Z.
        byte[] matrix = [.. ToXyz.SelectMany(value => Fixed(value * 32768 / 65535)), .. new byte[12]];
        byte[] table = [2, 2, 2, 2, .. new byte[12], 1, 0, 0, 0, .. Enumerable.Range(0, 16).SelectMany(Corner)];
        byte[][] parts =
        [
            [.. identity, .. identity, .. identity],
            matrix,
            [.. curve, .. curve, .. curve],
            table,
            [.. identity, .. identity, .. identity, .. identity],
        ];
        int offset = 32;
        foreach (byte[] part in parts)
        {
            body.Write(Big(offset));
            offset += part.Length;
        }

        foreach (byte[] part in parts)
        {
            body.Write(part);
        }

        byte[] tag = body.ToArray();
        byte[] header = new byte[HeaderBytes];
        Big(HeaderBytes + 16 + tag.Length).CopyTo(header, 0);
        Big(0x04200000).CopyTo(header, 8);
        "prtrCMYKXYZ "u8.CopyTo(header.AsSpan(12));
        "acsp"u8.CopyTo(header.AsSpan(36));
        ((byte[])[.. Fixed(0.9642), .. Fixed(1), .. Fixed(0.8249)]).CopyTo(header, 68);
        return [.. header, .. Big(1), .. "A2B0"u8, .. Big(HeaderBytes + 16), .. Big(tag.Length), .. tag];
    }

    // No cyan and no black is full red; the profile is shown what is left of the paper, so both are 1 there.
    private static byte[] Corner(int index)
    {
        bool black = (index & 1) != 0;
        return [Full(8), Full(4), Full(2)];

        byte Full(int ink) => black && (index & ink) != 0 ? byte.MaxValue : byte.MinValue;
    }

    private static byte[] Fixed(double value) => Big((int)Math.Round(value * 65536));

    private static byte[] Big(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
