using System.Buffers.Binary;

namespace Costate.Networks;

/// <summary>Reads the fields of one message in the wire format of protocol buffers, which is untrusted: a field ends within its message, or
/// the message is refused.</summary>
/// <param name="message">Its bytes.</param>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private const int MaxVarintBytes = 10;

    private ReadOnlySpan<byte> rest = message;
    private int wireType;

    /// <summary>The number of the field that comes next; false at the end. Read or skip its value before the next call.</summary>
    internal bool Next(out int field)
    {
        field = 0;
        if (rest.IsEmpty)
        {
            return false;
        }

        ulong tag = Varint();
        (field, wireType) = ((int)Math.Min(tag >> 3, int.MaxValue), (int)(tag & 7));
        return field > 0 ? true : throw Damaged("a field has the number 0");
    }

    /// <summary>The value as bytes: a text, or a message within this one.</summary>
    internal ReadOnlySpan<byte> Bytes()
    {
        Require(2);
        ulong length = Varint();
        return Take(length);
    }

    /// <summary>The value as a whole number.</summary>
    internal long Integer()
    {
        Require(0);
        return (long)Varint();
    }

    /// <summary>The value as a number of 32 bits.</summary>
    internal float Single()
    {
        Require(5);
        return BinaryPrimitives.ReadSingleLittleEndian(Take(sizeof(float)));
    }

    /// <summary>Passes over the value.</summary>
    internal void Skip()
    {
        switch (wireType)
        {
            case 0: Varint(); break;
            case 1: Take(8); break;
            case 2: Take(Varint()); break;
            case 5: Take(4); break;
            default: throw Damaged($"a field is of the kind {wireType}");
        }
    }

    private readonly void Require(int type)
    {
        if (wireType != type)
        {
            throw Damaged($"a field is of the kind {wireType} in place of {type}");
        }
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)rest.Length)
        {
            throw Damaged($"a field of {length} bytes has {rest.Length}");
        }

        ReadOnlySpan<byte> taken = rest[..(int)length];
        rest = rest[(int)length..];
        return taken;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int i = 0; i < Math.Min(rest.Length, MaxVarintBytes); i++)
        {
            value |= (ulong)(rest[i] & 0x7f) << (7 * i);
            if (rest[i] < 0x80)
            {
                rest = rest[(i + 1)..];
                return value;
            }
        }

        throw Damaged("a number does not end");
    }

    private static InvalidDataException Damaged(string what) => new($"it is no message of protocol buffers: {what}");
}
