using System.Buffers.Binary;
using SkiaSharp;

namespace Costate.Faces.Pictures;

/// <summary>How a PNG is to be turned, which its chunk <c>eXIf</c> says and the decoder does not look at.</summary>
internal static class PngOrientation
{
    private const int FirstChunk = 8;
    private const int ChunkHeader = 8;
    private const int Checksum = 4;
    private const int EntryBytes = 12;
    private const ushort OrientationTag = 0x0112;
    private const ushort ShortType = 3;

    /// <summary>What is said there; upright if nothing is, or nonsense.</summary>
    internal static SKEncodedOrigin Of(ReadOnlySpan<byte> png)
    {
        for (long at = FirstChunk; at + ChunkHeader <= png.Length;)
        {
            ReadOnlySpan<byte> chunk = png[(int)at..];
            uint length = BinaryPrimitives.ReadUInt32BigEndian(chunk);
            if (chunk[4..].StartsWith("eXIf"u8))
            {
                return length <= chunk.Length - ChunkHeader ? OfExif(chunk.Slice(ChunkHeader, (int)length)) : SKEncodedOrigin.TopLeft;
            }

            at += ChunkHeader + (long)length + Checksum;
        }

        return SKEncodedOrigin.TopLeft;
    }

    // TIFF: the order of bytes, 42, and where the first directory is; that is a number of entries of tag, type, count and value.
    private static SKEncodedOrigin OfExif(ReadOnlySpan<byte> exif)
    {
        bool little = exif.StartsWith("II*\0"u8);
        if (exif.Length < 8 || !(little || exif.StartsWith("MM\0*"u8)))
        {
            return SKEncodedOrigin.TopLeft;
        }

        uint directory = little ? BinaryPrimitives.ReadUInt32LittleEndian(exif[4..]) : BinaryPrimitives.ReadUInt32BigEndian(exif[4..]);
        if (directory > exif.Length - 2)
        {
            return SKEncodedOrigin.TopLeft;
        }

        ReadOnlySpan<byte> entries = exif[(int)directory..];
        int count = Short(entries, little);
        for (entries = entries[2..]; count > 0 && entries.Length >= EntryBytes; count--, entries = entries[EntryBytes..])
        {
            if (Short(entries, little) == OrientationTag)
            {
                ushort value = Short(entries[8..], little);
                return Short(entries[2..], little) == ShortType && value is >= 1 and <= 8
                    ? (SKEncodedOrigin)value
                    : SKEncodedOrigin.TopLeft;
            }
        }

        return SKEncodedOrigin.TopLeft;
    }

    private static ushort Short(ReadOnlySpan<byte> at, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(at) : BinaryPrimitives.ReadUInt16BigEndian(at);
}
