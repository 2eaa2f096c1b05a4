using System.Text;

namespace Costate.Networks;

/// <summary>The ids of pieces of words, and which two pieces become one first.</summary>
internal sealed class ClipVocabulary
{
    internal const string StartText = "<|startoftext|>";
    internal const string EndText = "<|endoftext|>";
    private const string WordEnd = "</w>";

    // Every byte has a printable character: its own, or one from U+0100 on for the 68 that have none.
    private static readonly string[] Bytes = Printable();

    private readonly Dictionary<string, int> ids;
    private readonly Dictionary<(string Left, string Right), int> ranks;

    /// <summary>A vocabulary that has been found consistent.</summary>
    /// <exception cref="InvalidDataException">It is not.</exception>
    internal ClipVocabulary(string folder, Dictionary<string, int> ids, IReadOnlyList<(string Left, string Right)> merges)
    {
        this.ids = ids;
        ranks = new Dictionary<(string, string), int>(merges.Count);
        bool[] seen = new bool[ids.Count];
        foreach ((string piece, int id) in ids)
        {
            if (id < 0 || id >= ids.Count || seen[id])
            {
                throw Bad(folder,
                    $"its {ids.Count} pieces have the id {id}, of {ErrorText.Quote(piece)}, twice or too high; expected 0 to "
                        + $"{ids.Count - 1}, each once");
            }

            seen[id] = true;
        }

        if (Array.Find(Bytes, symbol => !ids.ContainsKey(symbol) || !ids.ContainsKey(symbol + WordEnd)) is { } missing)
        {
            throw Bad(folder, $"the byte {ErrorText.Quote(missing)} is not in it, alone and at the end of a word; expected all 256");
        }

        foreach ((string left, string right) in merges)
        {
            if (!ids.ContainsKey(left) || !ids.ContainsKey(right) || !ids.ContainsKey(left + right)
                || !ranks.TryAdd((left, right), ranks.Count))
            {
                throw Bad(folder,
                    $"merge {ranks.Count + 1} is of {ErrorText.Quote(left)} and {ErrorText.Quote(right)}, which it does not have, alone "
                        + "or together, or merges before");
            }
        }
    }

    internal int Size => ids.Count;

    /// <summary>The vocabulary of which only the merges are kept: the bytes, alone and at the end of a word, what the merges make in their
    /// order, and the two words for start and end.</summary>
    internal static ClipVocabulary OfMerges(string source, IReadOnlyList<(string Left, string Right)> merges)
    {
        // Characters of their own come before those that stand for bytes without one.
        string[] bytes = [.. Bytes.OrderBy(symbol => symbol[0])];
        IEnumerable<string> pieces =
        [
            .. bytes, .. bytes.Select(symbol => symbol + WordEnd), .. merges.Select(pair => pair.Left + pair.Right), StartText, EndText,
        ];
        return new ClipVocabulary(source, pieces.Select(KeyValuePair.Create).ToDictionary(StringComparer.Ordinal), merges);
    }

    internal bool Find(string piece, out int id) => ids.TryGetValue(piece, out id);

    /// <summary>The ids of a word: its bytes, of which the pair of lowest rank is joined, leftmost first, until none is left.</summary>
    internal IReadOnlyList<int> Merge(string word)
    {
        List<string> symbols = [.. Encoding.UTF8.GetBytes(word).Select(value => Bytes[value])];
        symbols[^1] += WordEnd;
        int[] next = [.. Enumerable.Range(1, symbols.Count)];
        int[] previous = [.. Enumerable.Range(-1, symbols.Count)];
        var queue = new PriorityQueue<(int At, string Left, string Right), (int Rank, int At)>();
        for (int i = 0; i + 1 < symbols.Count; i++)
        {
            Offer(i);
        }

        while (queue.TryDequeue(out var pair, out _))
        {
            int right = next[pair.At];

            // The pair may be gone: one of the two has become part of another.
            if (symbols[pair.At] != pair.Left || right >= symbols.Count || symbols[right] != pair.Right)
            {
                continue;
            }

            symbols[pair.At] += symbols[right];
            symbols[right] = "";
            next[pair.At] = next[right];
            if (next[right] < symbols.Count)
            {
                previous[next[right]] = pair.At;
                Offer(pair.At);
            }

            if (previous[pair.At] >= 0)
            {
                Offer(previous[pair.At]);
            }
        }

        return [.. symbols.Where(symbol => symbol.Length > 0).Select(symbol => ids[symbol])];

        void Offer(int at)
        {
            (string, string) pair = (symbols[at], symbols[next[at]]);
            if (ranks.TryGetValue(pair, out int rank))
            {
                queue.Enqueue((at, pair.Item1, pair.Item2), (rank, at));
            }
        }
    }

    internal static InvalidDataException Bad(string folder, string what) =>
        new($"Cannot use the tokenizer '{folder}': {what}. Its vocab.json and merges.txt are damaged or of two tokenizers: fetch both "
            + "again.");

    private static string[] Printable()
    {
        string[] symbols = new string[256];
        char other = '\u0100';
        for (int value = 0; value < symbols.Length; value++)
        {
            bool shown = value is (>= 33 and <= 126) or (>= 161 and <= 172) or (>= 174 and <= 255);
            symbols[value] = (shown ? (char)value : other++).ToString();
        }

        return symbols;
    }
}
