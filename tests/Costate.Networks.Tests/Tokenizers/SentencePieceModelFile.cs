using System.Text;

namespace Costate.Networks.Tests;

/// <summary>Writes a <c>spiece.model</c>, field by field.</summary>
internal sealed class SentencePieceModelFile
{
    private readonly List<byte> bytes = [];

    /// <summary>A piece of a kind: 1 normal, 2 unknown, 3 control, 4 defined by the user, 5 unused.</summary>
    public SentencePieceModelFile Piece(string text, float score = 0, int kind = 1) =>
        Message(1, [10, .. Sized(Encoding.UTF8.GetBytes(text)), 21, .. BitConverter.GetBytes(score), 24, (byte)kind]);

    /// <summary>An option of the trainer.</summary>
    public SentencePieceModelFile Trainer(int field, int value) => Message(2, [.. Number(field << 3), .. Number(value)]);

    /// <summary>An option of the normaliser.</summary>
    public SentencePieceModelFile Normalizer(int field, int value) => Message(3, [.. Number(field << 3), .. Number(value)]);

    /// <summary>The table of characters.</summary>
    public SentencePieceModelFile Characters(params byte[] table) => Message(3, [18, .. Sized(table)]);

    public SentencePieceModelFile Message(int field, byte[] message)
    {
        bytes.AddRange([.. Number((field << 3) | 2), .. Sized(message)]);
        return this;
    }

    public byte[] ToArray() => [.. bytes];

    private static byte[] Sized(byte[] value) => [.. Number(value.Length), .. value];

    private static IEnumerable<byte> Number(int value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            yield return (byte)(value | 0x80);
        }

        yield return (byte)value;
    }
}
