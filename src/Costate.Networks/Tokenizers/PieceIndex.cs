namespace Costate.Networks;

/// <summary>Finds the pieces that a text begins with, the shortest first: those that share a beginning lie side by side.</summary>
internal sealed class PieceIndex
{
    private readonly (byte[] Text, int Id)[] sorted;

    /// <param name="pieces">The pieces with their ids; no two are the same.</param>
    internal PieceIndex(IEnumerable<(byte[] Text, int Id)> pieces)
    {
        sorted = [.. pieces];
        Array.Sort(sorted, (a, b) => a.Text.AsSpan().SequenceCompareTo(b.Text));
        for (int i = 1; i < sorted.Length; i++)
        {
            if (sorted[i].Text.AsSpan().SequenceEqual(sorted[i - 1].Text))
            {
                throw new InvalidDataException($"pieces {sorted[i - 1].Id} and {sorted[i].Id} are the same");
            }
        }
    }

    /// <summary>Adds the ids of all pieces at the beginning of a text, with their lengths.</summary>
    internal void Find(ReadOnlySpan<byte> text, List<(int Length, int Id)> found)
    {
        (int from, int to) = (0, sorted.Length);
        for (int depth = 0; depth < text.Length; depth++)
        {
            from = First(from, to, depth, text[depth]);
            to = First(from, to, depth, text[depth] + 1);
            if (from == to)
            {
                return;
            }

            if (sorted[from].Text.Length == depth + 1)
            {
                found.Add((depth + 1, sorted[from].Id));
            }
        }
    }

    /// <summary>The length of the longest piece at the beginning of a text; 0 where there is none.</summary>
    internal int Longest(ReadOnlySpan<byte> text)
    {
        if (sorted.Length == 0)
        {
            return 0;
        }

        var found = new List<(int Length, int Id)>();
        Find(text, found);
        return found.Count == 0 ? 0 : found[^1].Length;
    }

    // The first of those in the range whose byte at the depth is not below a value; a piece that ends before has none, and comes first.
    private int First(int from, int to, int depth, int value)
    {
        while (from < to)
        {
            int middle = (from + to) / 2;
            byte[] text = sorted[middle].Text;
            if (text.Length <= depth || text[depth] < value)
            {
                from = middle + 1;
            }
            else
            {
                to = middle;
            }
        }

        return from;
    }
}
