using System.Text.RegularExpressions;

namespace Costate.Faces.Captions;

/// <summary>The words that captions are made of, to tell of a text what a model that learnt from captions knows nothing of.</summary>
internal sealed partial class CaptionWords
{
    // So many captions have every word: the rarest stands in one of a hundred.
    private const int Captions = 2000;
    private const int Offered = 2;

    private readonly string[] known =
    [
        .. Enumerable.Range(0, Captions)
            .SelectMany(seed => Words(FaceCaption.Of((ulong)seed, 0).Text))
            .Distinct()
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>All of them, in the order of letters.</summary>
    internal IReadOnlyList<string> Known => known;

    /// <summary>The words of a text that no caption has, each once, with the known words that are spelled most like it.</summary>
    internal IReadOnlyList<(string Word, IReadOnlyList<string> Nearest)> Unknown(string text) =>
    [
        .. Words(text)
            .Distinct()
            .Except(known)
            .Select(word => (word, (IReadOnlyList<string>)[.. Nearest(word)])),
    ];

    /// <summary>A sentence on the words of a text that no caption has; null where there are none.</summary>
    internal string? Remark(string text)
    {
        string[] unknown =
        [
            .. Unknown(text).Select(u => u.Nearest.Count == 0 ? u.Word : $"{u.Word} (like {string.Join(", ", u.Nearest)}?)"),
        ];
        return unknown.Length == 0
            ? null
            : $"No caption that the model learnt from has: {string.Join(", ", unknown)}. It was told of hair, glasses, beards, skin, "
                + "expressions and backgrounds, such as: a smiling person with curly red hair and glasses, on a blue background.";
    }

    private IEnumerable<string> Nearest(string word) => known
        .Select(k => (Word: k, Distance: Distance(word, k)))
        .Where(k => k.Distance <= word.Length / 3)
        .OrderBy(k => k.Distance)
        .Take(Offered)
        .Select(k => k.Word);

    // Letters to insert, to delete or to change (Levenshtein).
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int before = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int changed = before + (a[i - 1] == b[j - 1] ? 0 : 1);
                before = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }

    private static IEnumerable<string> Words(string text) => Letters().Matches(text.ToLowerInvariant()).Select(match => match.Value);

    [GeneratedRegex(@"[\p{L}\p{N}]+")]
    private static partial Regex Letters();
}
