using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Costate.Faces.Captions;

/// <summary>
/// A vocabulary of byte pairs in CLIP's format (Radford et al. 2021), learnt from captions: beginning with single bytes, the pair of
/// neighbours that is most frequent within words becomes one token, again and again.
/// </summary>
internal sealed partial class CaptionVocabulary
{
    internal const string VocabularyFile = "vocab.json";
    internal const string MergesFile = "merges.txt";
    internal const string StartToken = "<|startoftext|>";
    internal const string EndToken = "<|endoftext|>";

    private const string WordEnd = "</w>";

    private CaptionVocabulary(IReadOnlyList<(string Left, string Right)> merges)
    {
        Merges = merges;
        string[] bytes = [.. ByteLetters()];
        Tokens = [.. bytes, .. bytes.Select(b => b + WordEnd), .. merges.Select(m => m.Left + m.Right), StartToken, EndToken];
    }

    /// <summary>What becomes one token, the most frequent first.</summary>
    internal IReadOnlyList<(string Left, string Right)> Merges { get; }

    /// <summary>
    /// All tokens in the order of their numbers: bytes, bytes that end a word, what merges make, and the two that are no text.
    /// </summary>
    internal IReadOnlyList<string> Tokens { get; }

    /// <summary>Learns from texts.</summary>
    /// <param name="texts">The texts; letters are made small.</param>
    /// <param name="maxMerges">Ends before where no pair is left that occurs twice.</param>
    internal static CaptionVocabulary Learn(IEnumerable<string> texts, int maxMerges)
    {
        Dictionary<int, string> letters = BytesInOrder().Zip(ByteLetters()).ToDictionary();
        var words = texts.SelectMany(text => Word().Matches(text.ToLowerInvariant()).Select(m => m.Value))
            .CountBy(word => word)
            .OrderBy(word => word.Key, StringComparer.Ordinal)
            .Select(word => (Parts: Spelled(word.Key), Count: (long)word.Value))
            .ToList();
        var merges = new List<(string, string)>();
        while (merges.Count < maxMerges)
        {
            var pairs = new Dictionary<(string Left, string Right), long>();
            foreach ((List<string> parts, long count) in words)
            {
                foreach ((string, string) pair in parts.Zip(parts.Skip(1)))
                {
                    pairs[pair] = pairs.GetValueOrDefault(pair) + count;
                }
            }

            // Of equally frequent pairs the first by its bytes, the same on every machine.
            ((string Left, string Right) best, long times) = pairs
                .OrderByDescending(p => p.Value)
                .ThenBy(p => p.Key.Left, StringComparer.Ordinal)
                .ThenBy(p => p.Key.Right, StringComparer.Ordinal)
                .Select(p => (p.Key, p.Value))
                .FirstOrDefault();
            if (times < 2)
            {
                break;
            }

            merges.Add(best);
            foreach ((List<string> parts, _) in words)
            {
                Join(parts, best);
            }
        }

        return new CaptionVocabulary(merges);

        List<string> Spelled(string word)
        {
            List<string> parts = [.. Encoding.UTF8.GetBytes(word).Select(b => letters[b])];
            parts[^1] += WordEnd;
            return parts;
        }
    }

    /// <summary>The text of <see cref="VocabularyFile"/>: each token's number.</summary>
    internal string VocabularyText()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            foreach ((int number, string token) in Tokens.Index())
            {
                writer.WriteNumber(token, number);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + '\n';
    }

    /// <summary>The text of <see cref="MergesFile"/>: a pair a line after one on the version.</summary>
    internal string MergesText() => "#version: 0.2\n" + string.Concat(Merges.Select(m => $"{m.Left} {m.Right}\n"));

    private static void Join(List<string> parts, (string Left, string Right) pair)
    {
        for (int i = 0; i + 1 < parts.Count; i++)
        {
            if (parts[i] == pair.Left && parts[i + 1] == pair.Right)
            {
                parts[i] += parts[i + 1];
                parts.RemoveAt(i + 1);
            }
        }
    }

    // CLIP's order of bytes: those that print stand for themselves and come first, the others are letters from 256 on.
    private static int[] BytesInOrder()
    {
        int[] all = [.. Enumerable.Range(0, 256)];
        return [.. all.Where(Prints), .. all.Where(b => !Prints(b))];
    }

    private static IEnumerable<string> ByteLetters()
    {
        int next = 256;
        return BytesInOrder().Select(b => ((char)(Prints(b) ? b : next++)).ToString());
    }

    private static bool Prints(int value) => value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;

    [GeneratedRegex(@"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+")]
    private static partial Regex Word();
}
