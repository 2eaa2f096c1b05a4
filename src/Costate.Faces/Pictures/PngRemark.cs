using System.Buffers.Binary;
using System.Text;
using ICSharpCode.SharpZipLib.Checksum;

namespace Costate.Faces.Pictures;

/// <summary>Text in a PNG file, a chunk <c>iTXt</c> under the keyword <c>costate</c>: how the picture was made.</summary>
internal static class PngRemark
{
    internal const string Keyword = "costate";

    // Behind the signature and the header, which is the first chunk.
    private const int Place = 8 + 25;

    /// <summary>The file with a remark.</summary>
    internal static byte[] Added(ReadOnlySpan<byte> png, string remark)
    {
        // Keyword, then: not compressed, by no method, no language, no translated keyword.
        byte[] data = [.. "iTXt"u8, .. Encoding.Latin1.GetBytes(Keyword), 0, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(remark)];
        var checksum = new Crc32();
        checksum.Update(data);
        byte[] chunk = new byte[4 + data.Length + 4];
        BinaryPrimitives.WriteUInt32BigEndian(chunk, (uint)(data.Length - 4));
        data.CopyTo(chunk, 4);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(4 + data.Length), (uint)checksum.Value);
        return [.. png[..Place], .. chunk, .. png[Place..]];
    }
}
