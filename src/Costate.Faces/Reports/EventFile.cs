using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Costate.Faces.Reports;

/// <summary>
/// Numbers by step, as TensorBoard reads them: a file of TFRecords, each an Event of TensorFlow's protocol buffers. A record is its
/// length (8 bytes), the masked checksum of these (4 bytes), the data, and their masked checksum (4 bytes), all little-endian; checksums
/// are CRC32C.
/// </summary>
internal sealed class EventFile : IDisposable
{
    // Fields of Event: wall_time = 1, step = 2, file_version = 3, summary = 5; of Summary value = 1; of Value tag = 1, simple_value = 2.
    private const byte Varint = 0;
    private const byte Fixed64 = 1;
    private const byte Bytes = 2;
    private const byte Fixed32 = 5;
    private const uint MaskDelta = 0xA282EAD8;

    private readonly Stream file;

    /// <summary>Begins a file of the format's first version.</summary>
    /// <param name="file">Where to; it belongs to this.</param>
    /// <param name="began">When, in seconds since 1970.</param>
    internal EventFile(Stream file, double began)
    {
        this.file = file;
        Write([.. Key(1, Fixed64), .. Of(began), .. Text(3, "brain.Event:2")]);
    }

    /// <summary>Begins a file in a folder, called so that TensorBoard finds it, beside those of earlier runs.</summary>
    /// <exception cref="IOException">It cannot be written to.</exception>
    internal static EventFile In(string folder, DateTime began)
    {
        Directory.CreateDirectory(folder);
        double seconds = SecondsOf(began);
        string name = string.Create(
            CultureInfo.InvariantCulture,
            $"events.out.tfevents.{(long)seconds:D10}.{Environment.MachineName}.{Environment.ProcessId}.0");
        return new EventFile(
            new FileStream(Path.Combine(folder, name), FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0), seconds);
    }

    /// <summary>The checksum of a record's parts: CRC32C, turned by 15 bits and moved, since checksums of checksums are bad ones.</summary>
    internal static uint Masked(ReadOnlySpan<byte> bytes)
    {
        uint crc = Checksum(bytes);
        return BitOperations.RotateRight(crc, 15) + MaskDelta;
    }

    /// <summary>CRC32C, as RFC 3720 has it.</summary>
    internal static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }

    /// <summary>Adds numbers of a step.</summary>
    internal void Add(DateTime time, long step, params IReadOnlyList<(string Tag, double Value)> numbers)
    {
        byte[] summary =
        [
            .. numbers.SelectMany(n => (byte[])
            [
                .. Field(1, [.. Text(1, n.Tag), .. Key(2, Fixed32), .. Of((float)n.Value)]),
            ]),
        ];
        Write([.. Key(1, Fixed64), .. Of(SecondsOf(time)), .. Key(2, Varint), .. Number((ulong)step), .. Field(5, summary)]);
    }

    public void Dispose() => file.Dispose();

    // A reader may be there while it grows: each record goes out whole, past any buffer.
    private void Write(byte[] data)
    {
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, data.Length);
        file.Write([.. length, .. Of(Masked(length)), .. data, .. Of(Masked(data))]);
    }

    private static double SecondsOf(DateTime time) => (time.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds;

    private static byte[] Text(int field, string text) => Field(field, Encoding.UTF8.GetBytes(text));

    private static byte[] Field(int field, byte[] bytes) => [.. Key(field, Bytes), .. Number((ulong)bytes.Length), .. bytes];

    private static byte[] Key(int field, byte kind) => [(byte)((field << 3) | kind)];

    // Seven bits a byte, the lowest first.
    private static byte[] Number(ulong value)
    {
        var bytes = new List<byte>();
        for (; value > 0x7F; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        return [.. bytes, (byte)value];
    }

    private static byte[] Of(double value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Of(float value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Of(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }
}
