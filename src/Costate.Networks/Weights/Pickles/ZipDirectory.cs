using System.Buffers.Binary;
using System.Text;

namespace Costate.Networks;

/// <summary>Where the entries of a zip archive lie, as torch.save writes it: stored, not compressed. The archive is untrusted.</summary>
internal sealed class ZipDirectory
{
    private const int EndBytes = 22;
    private const int LocatorBytes = 20;
    private const int End64Bytes = 56;
    private const int CentralBytes = 46;
    private const int LocalBytes = 30;
    private const int MaxComment = ushort.MaxValue;
    private const int MaxName = 1024;

    // One for each storage; the largest real files have some ten thousand.
    private const int MaxEntries = 100_000;

    private readonly Dictionary<string, (long Header, long Length, bool Stored)> entries = new(StringComparer.Ordinal);
    private readonly SeekableFile file;

    private ZipDirectory(SeekableFile file) => this.file = file;

    internal IReadOnlyCollection<string> Names => entries.Keys;

    internal static ZipDirectory Read(SeekableFile file)
    {
        var zip = new ZipDirectory(file);
        (long position, long length, long count) = zip.FindDirectory();
        if (count > MaxEntries || position < 0 || length < 0 || position > file.Length - length || count * CentralBytes > length)
        {
            throw zip.Damaged(
                $"its directory of {count} entries in {length} bytes at {position} does not fit into its {file.Length} bytes",
                    "one that does");
        }

        var input = new PickleInput(file, position, length);
        for (long i = 0; i < count; i++)
        {
            zip.ReadEntry(input);
        }

        return zip;
    }

    internal bool Contains(string name) => entries.ContainsKey(name);

    /// <summary>Where an entry's bytes lie.</summary>
    internal (long Position, long Length) Find(string name)
    {
        if (!entries.TryGetValue(name, out var entry))
        {
            throw Damaged($"it has no entry {ErrorText.Quote(name)}", "one for each storage");
        }

        if (!entry.Stored)
        {
            throw Damaged($"its entry {ErrorText.Quote(name)} is compressed or encrypted",
                "entries that are stored, as torch.save writes them");
        }

        // The name and the extra field before the data differ from those in the directory: data begins at a multiple of 64.
        byte[] local = Bytes(entry.Header, LocalBytes);
        long start =
            entry.Header + LocalBytes + BinaryPrimitives.ReadUInt16LittleEndian(local.AsSpan(26))
                + BinaryPrimitives.ReadUInt16LittleEndian(local.AsSpan(28));
        return BinaryPrimitives.ReadUInt32LittleEndian(local) == 0x04034b50 && start <= file.Length - entry.Length
            ? (start, entry.Length)
            : throw Damaged($"its entry {ErrorText.Quote(name)} of {entry.Length} bytes does not lie in it", "whole entries");
    }

    private (long Position, long Length, long Count) FindDirectory()
    {
        int tailLength = (int)Math.Min(file.Length, EndBytes + MaxComment);
        byte[] tail = Bytes(file.Length - tailLength, tailLength);
        int end = tail.AsSpan().LastIndexOf("PK\x05\x06"u8);
        if (end < 0 || end + EndBytes > tailLength)
        {
            throw Damaged("the end of its zip archive is missing", "a whole archive");
        }

        ReadOnlySpan<byte> record = tail.AsSpan(end);
        long count = BinaryPrimitives.ReadUInt16LittleEndian(record[10..]);
        long length = BinaryPrimitives.ReadUInt32LittleEndian(record[12..]);
        long position = BinaryPrimitives.ReadUInt32LittleEndian(record[16..]);
        if (count != ushort.MaxValue && length != uint.MaxValue && position != uint.MaxValue)
        {
            return (position, length, count);
        }

        byte[] locator = Bytes(file.Length - tailLength + end - LocatorBytes, LocatorBytes);
        if (BinaryPrimitives.ReadUInt32LittleEndian(locator) != 0x07064b50)
        {
            return (position, length, count);
        }

        byte[] record64 = Bytes(BinaryPrimitives.ReadInt64LittleEndian(locator.AsSpan(8)), End64Bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(record64) == 0x06064b50
            ? (
                BinaryPrimitives.ReadInt64LittleEndian(record64.AsSpan(48)),
                BinaryPrimitives.ReadInt64LittleEndian(record64.AsSpan(40)),
                BinaryPrimitives.ReadInt64LittleEndian(record64.AsSpan(32)))
            : throw Damaged("the end of its zip archive is missing", "a whole archive");
    }

    private void ReadEntry(PickleInput input)
    {
        byte[] header = input.Bytes(CentralBytes);
        ReadOnlySpan<byte> fields = header;
        int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(fields[28..]);
        int extraLength = BinaryPrimitives.ReadUInt16LittleEndian(fields[30..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(fields) != 0x02014b50 || nameLength > MaxName)
        {
            throw Damaged("an entry of its directory is damaged", "whole entries");
        }

        string name = Encoding.UTF8.GetString(input.Bytes(nameLength));
        byte[] extra = input.Bytes(extraLength);
        input.Skip(BinaryPrimitives.ReadUInt16LittleEndian(fields[32..]));
        long packed = BinaryPrimitives.ReadUInt32LittleEndian(fields[20..]);
        long length = BinaryPrimitives.ReadUInt32LittleEndian(fields[24..]);
        long position = BinaryPrimitives.ReadUInt32LittleEndian(fields[42..]);
        Widen(extra, ref length, ref packed, ref position);
        bool stored = BinaryPrimitives.ReadUInt16LittleEndian(fields[10..]) == 0
            && (BinaryPrimitives.ReadUInt16LittleEndian(fields[8..]) & 1) == 0 && packed == length;
        if (length < 0 || position < 0 || !entries.TryAdd(name, (position, length, stored)))
        {
            throw Damaged($"its entry {ErrorText.Quote(name)} is there twice or has a size below 0", "every entry once");
        }
    }

    // Sizes of 4 GB and more stand in an extra field, in this order, those that need it.
    private static void Widen(ReadOnlySpan<byte> extra, ref long length, ref long packed, ref long position)
    {
        while (extra.Length >= 4)
        {
            int id = BinaryPrimitives.ReadUInt16LittleEndian(extra);
            int size = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]), extra.Length - 4);
            ReadOnlySpan<byte> field = extra.Slice(4, size);
            extra = extra[(4 + size)..];
            if (id == 1)
            {
                Take(ref field, ref length);
                Take(ref field, ref packed);
                Take(ref field, ref position);
                return;
            }
        }
    }

    private static void Take(ref ReadOnlySpan<byte> field, ref long value)
    {
        if (value == uint.MaxValue && field.Length >= 8)
        {
            value = BinaryPrimitives.ReadInt64LittleEndian(field);
            field = field[8..];
        }
    }

    private byte[] Bytes(long position, int count)
    {
        if (position < 0 || position > file.Length - count)
        {
            throw Damaged("the end of its zip archive is missing or points outside it", "a whole archive");
        }

        byte[] bytes = new byte[count];
        file.Read(position, bytes);
        return bytes;
    }

    private InvalidDataException Damaged(string got, string expected) => PickleWeights.Damaged(file.Path, got, expected);
}
