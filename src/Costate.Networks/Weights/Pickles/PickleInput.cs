using System.Buffers.Binary;
using System.Text;

namespace Costate.Networks;

/// <summary>A stretch of a file, read from its start on; no length in it is believed beyond its end.</summary>
internal sealed class PickleInput(SeekableFile file, long start, long length)
{
    private const int BufferBytes = 1 << 16;

    // About what the values of all pickles of a file may take: several times that of the largest real ones, at 2 kB a tensor.
    private const int MaxMemory = 32 << 20;

    // Names of tensors and classes are far shorter.
    private const int MaxLine = 512;

    private readonly byte[] buffer = new byte[(int)Math.Min(BufferBytes, Math.Max(length, 1))];
    private readonly long end = start + length;
    private long bufferStart = start;
    private int buffered;
    private long memory;

    /// <summary>The position in the file of the next byte.</summary>
    internal long Position { get; private set; } = start;

    internal string Path => file.Path;

    internal byte Byte()
    {
        if (Position - bufferStart >= buffered)
        {
            Fill();
        }

        return buffer[(int)(Position++ - bufferStart)];
    }

    /// <summary>Counts the memory that a value takes, which a few bytes of a pickle may ask for.</summary>
    internal void Charge(long bytes)
    {
        memory += bytes;
        if (memory > MaxMemory)
        {
            throw Damaged("its pickle holds more values than any state dict", $"at most {MaxMemory >> 20} MB of them");
        }
    }

    internal ushort UInt16() => (ushort)(Byte() | (Byte() << 8));

    internal int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Bytes(4));

    internal long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Bytes(8));

    /// <summary>So many bytes, which the caller has bounded.</summary>
    internal byte[] Bytes(long count)
    {
        Require(count);
        byte[] bytes = new byte[count];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = Byte();
        }

        return bytes;
    }

    /// <summary>Passes over so many bytes.</summary>
    internal void Skip(long count)
    {
        Require(count);
        Position += count;
        if (Position - bufferStart >= buffered)
        {
            (bufferStart, buffered) = (Position, 0);
        }
    }

    /// <summary>The text up to the end of a line.</summary>
    internal string Line()
    {
        var line = new StringBuilder();
        for (byte next = Byte(); next != '\n'; next = Byte())
        {
            if (line.Length >= MaxLine)
            {
                throw Damaged("it holds a line that does not end", $"a name of at most {MaxLine} characters");
            }

            line.Append((char)next);
        }

        return line.ToString();
    }

    internal InvalidDataException Damaged(string got, string expected) => PickleWeights.Damaged(Path, got, expected);

    private void Require(long count)
    {
        if (count < 0 || count > end - Position)
        {
            throw Damaged($"a length of {count} bytes is given where {end - Position} are left", "one that fits");
        }
    }

    private void Fill()
    {
        int count = (int)Math.Min(buffer.Length, end - Position);
        if (count <= 0)
        {
            throw Damaged("its pickle ends too early", "one with an end");
        }

        file.Read(Position, buffer.AsSpan(0, count));
        (bufferStart, buffered) = (Position, count);
    }
}
