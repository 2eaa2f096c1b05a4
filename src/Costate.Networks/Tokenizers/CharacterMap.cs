using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Costate.Networks;

/// <summary>
/// Replacements of texts in UTF-8, the longest first (<c>precompiled_charsmap</c> of SentencePiece): a trie as a double array (Darts-clone;
/// Yata et al. 2007), whose values are places of the replacements, each of which ends with a zero.
/// </summary>
internal sealed class CharacterMap
{
    private readonly uint[] units;
    private readonly byte[] replacements;

    private CharacterMap(uint[] units, byte[] replacements) => (this.units, this.replacements) = (units, replacements);

    /// <summary>Reads one; null where it is empty.</summary>
    internal static CharacterMap? Read(ReadOnlySpan<byte> blob)
    {
        if (blob.IsEmpty)
        {
            return null;
        }

        uint size = blob.Length < sizeof(uint) ? uint.MaxValue : BinaryPrimitives.ReadUInt32LittleEndian(blob);
        if (size == 0 || size % sizeof(uint) != 0 || size > blob.Length - sizeof(uint))
        {
            throw new InvalidDataException($"its table of characters has {blob.Length} bytes and says that its trie has {size}");
        }

        ReadOnlySpan<byte> trie = blob.Slice(sizeof(uint), (int)size);
        uint[] units = MemoryMarshal.Cast<byte, uint>(trie).ToArray();
        if (!BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(units, units);
        }

        return new CharacterMap(units, blob[(sizeof(uint) + (int)size)..].ToArray());
    }

    /// <summary>How many bytes at the beginning of a text are replaced, and by what; 0 for none.</summary>
    internal int Longest(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> replacement)
    {
        int longest = 0;
        uint value = 0, node = Offset(units[0]);
        for (int i = 0; i < text.Length; i++)
        {
            node ^= text[i];
            uint unit = At(node);
            if ((unit & 0x800000ff) != text[i])
            {
                break;
            }

            node ^= Offset(unit);
            if ((unit & 0x100) != 0)
            {
                (longest, value) = (i + 1, At(node) & 0x7fffffff);
            }
        }

        replacement = default;
        if (longest > 0)
        {
            ReadOnlySpan<byte> from = value < replacements.Length ? replacements.AsSpan((int)value) : throw Damaged();
            int end = from.IndexOf((byte)0);
            replacement = from[..(end < 0 ? from.Length : end)];
        }

        return longest;
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);

    private uint At(uint node) => node < units.Length ? units[node] : throw Damaged();

    private static InvalidDataException Damaged() =>
        new("The table of characters of a vocabulary (spiece.model) points outside itself: it is damaged. Fetch it again.");
}
