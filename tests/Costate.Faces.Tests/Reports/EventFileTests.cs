using System.Buffers.Binary;
using Costate.Faces.Reports;
using Costate.Testing;

namespace Costate.Faces.Tests.Reports;

public sealed class EventFileTests
{
    // RFC 3720, appendix B.4, and the check value of CRC-32C that catalogues of checksums have.
    public static TheoryData<byte[], uint> Vectors => new()
    {
        { new byte[32], 0x8A9136AA },
        { [.. Enumerable.Repeat((byte)0xFF, 32)], 0x62A8AB43 },
        { [.. Enumerable.Range(0, 32).Select(i => (byte)i)], 0x46DD794E },
        { [.. Enumerable.Range(0, 32).Select(i => (byte)(31 - i))], 0x113FDB5C },
        {
            [
                0x01, 0xC0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0, 0, 0, 0, 0x14, 0, 0, 0, 0x18,
                0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0,
            ],
            0xD9963A56
        },
        { "123456789"u8.ToArray(), 0xE3069283 },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Checksum_IsThatOfTheStandard(byte[] bytes, uint expected) => Assert.Equal(expected, EventFile.Checksum(bytes));

    [Fact]
    public void File_BeginsAsThoseOfTensorFlowDo()
    {
        using var stream = new MemoryStream();
        using (new EventFile(stream, began: 1))
        {
            // The first twelve bytes of every file that TensorFlow writes: the length of its first record, 24, and the masked checksum of
            // that.
            Assert.Equal([24, 0, 0, 0, 0, 0, 0, 0, 0xA3, 0x7F, (byte)'K', (byte)'"'], stream.ToArray()[..12]);
            Assert.Equal([0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x1A, 13, .. "brain.Event:2"u8], stream.ToArray()[12..^4]);
        }
    }

    [Fact]
    public void Numbers_AreReadBack()
    {
        using var stream = new MemoryStream();
        var file = new EventFile(stream, began: 0);
        file.Add(DateTime.UnixEpoch.AddSeconds(2.5), 300, ("a/loss", 0.25), ("b", -2));
        byte[][] records = [.. Records(stream.ToArray())];
        Assert.Equal(2, records.Length);
        byte[] data = records[1];
        Assert.Equal((0x09, 2.5), (data[0], BinaryPrimitives.ReadDoubleLittleEndian(data.AsSpan(1))));

        // 300 in seven bits a byte; then the summary, its values each with a tag and a number of 32 bits.
        Assert.Equal([0x10, 0xAC, 0x02, 0x2A, 25], data[9..14]);
        Assert.Equal(
            [0x0A, 13, 0x0A, 6, .. "a/loss"u8, 0x15, 0, 0, 0x80, 0x3E, 0x0A, 8, 0x0A, 1, (byte)'b', 0x15, 0, 0, 0, 0xC0],
            data[14..]);
    }

    [Fact]
    public void ADamagedRecord_IsFoundOut()
    {
        using var stream = new MemoryStream();
        var file = new EventFile(stream, began: 0);
        byte[] bytes = stream.ToArray();
        bytes[15] ^= 1;
        Assert.ThrowsAny<Exception>(() => Records(bytes).ToArray());
    }

    [Fact]
    public void Folder_GetsAFileThatTensorBoardLooksFor()
    {
        using var folder = new TemporaryFolder();
        EventFile.In(folder.PathTo("runs"), new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc)).Dispose();
        string file = Path.GetFileName(Assert.Single(Directory.GetFiles(folder.PathTo("runs"))));
        Assert.StartsWith("events.out.tfevents.1767323045.", file, StringComparison.Ordinal);
    }

    // As TensorFlow's documentation of TFRecord has it: both checksums must fit.
    private static IEnumerable<byte[]> Records(byte[] bytes)
    {
        for (int at = 0; at < bytes.Length;)
        {
            int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));
            Assert.Equal(Masked(bytes.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 8)));
            byte[] data = bytes[(at + 12)..(at + 12 + length)];
            Assert.Equal(Masked(data), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 12 + length)));
            yield return data;
            at += length + 16;
        }
    }

    // Bit by bit, with the reversed polynomial of Castagnoli.
    private static uint Masked(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int i = 0; i < 8; i++)
            {
                crc = (crc >> 1) ^ (0x82F63B78 & (uint)-(int)(crc & 1));
            }
        }

        crc = ~crc;
        return unchecked(((crc >> 15) | (crc << 17)) + 0xA282EAD8);
    }
}
