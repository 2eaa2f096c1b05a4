using System.Globalization;
using System.Text;

namespace Costate.Networks;

/// <summary>
/// CLIP's tokenizer: text becomes the ids of pieces of words, as the fast tokenizer of the Hub cuts them, to the id.
/// </summary>
/// <remarks>
/// <para>
/// The text is brought into Unicode's composed form (NFC) and lower case, runs of white space become one space, and it is cut into
/// words, single digits and runs of other signs. The UTF-8 bytes of each are merged pair by pair, the pair that comes first in the list
/// of merges first (byte pair encoding, Sennrich et al. 2016, as in Radford et al. 2021). There is no unknown text: every byte has an id.
/// </para>
/// <para>Immutable, and safe to use from several threads. Costs time proportional to the text but for a logarithm.</para>
/// </remarks>
public sealed class ClipTokenizer
{
    /// <summary>The length that the text encoders of CLIP were trained with.</summary>
    internal const int TrainedLength = 77;

    private static readonly string[] Contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    private readonly ClipVocabulary vocabulary;

    internal ClipTokenizer(ClipVocabulary vocabulary, int start, int end, int padding, int length)
    {
        this.vocabulary = vocabulary;
        (Start, End, Padding, Length) = (start, end, padding, length);
    }

    /// <summary>The id that every text begins with.</summary>
    public int Start { get; }

    /// <summary>The id that every text ends with.</summary>
    public int End { get; }

    /// <summary>The id after the end: that of the end token, or 0 for the larger encoders.</summary>
    public int Padding { get; }

    /// <summary>The number of ids that a padded text has, start and end among them: 77 for the published models.</summary>
    public int Length { get; }

    /// <summary>The number of different ids.</summary>
    public int VocabularySize => vocabulary.Size;

    /// <summary>Reads a folder <c>tokenizer</c> of the Hub.</summary>
    /// <param name="folder">The folder, with <c>vocab.json</c> and <c>merges.txt</c>, and as a rule <c>tokenizer_config.json</c> and
    /// <c>special_tokens_map.json</c>. Where the two name a token differently, the latter is right.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="FileNotFoundException">The folder or one of the first two files is missing.</exception>
    /// <exception cref="InvalidDataException">A file is too large or malformed, ids are not 0 to n - 1, a merge is of what the vocabulary
    /// does not have, or a special token is not in it; the message says which.</exception>
    public static ClipTokenizer FromPretrained(string folder) => ClipTokenizerFolder.Read(folder);

    /// <summary>All ids of a text, however many, with start and end.</summary>
    /// <param name="text">The text. The words <c>&lt;|startoftext|&gt;</c> and <c>&lt;|endoftext|&gt;</c> in it become their ids.</param>
    /// <returns>The ids.</returns>
    public IReadOnlyList<int> Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [Start, .. Pieces(text).SelectMany(piece => piece.Ids), End];
    }

    /// <summary>The ids of a text as a text encoder takes them: <see cref="Length"/> of them.</summary>
    /// <param name="prompt">The text; see <see cref="Encode"/>.</param>
    /// <param name="truncate">Whether a text that is too long is cut, rather than refused. What is lost is said in the result. The default
    /// value is false.</param>
    /// <returns>The ids, padded with <see cref="Padding"/>.</returns>
    /// <exception cref="InputException">The text is too long and may not be cut; the message has the words that do not fit.</exception>
    public TextTokens Tokenize(string prompt, bool truncate = false)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        List<ClipPiece> pieces = [.. Pieces(prompt)];
        int room = Length - 2;
        int count = pieces.Sum(piece => piece.Ids.Count);
        string lost = count > room ? Lost(pieces, room) : "";
        if (count > room && !truncate)
        {
            throw new InputException(
                nameof(prompt), $"a text of {count} tokens", $"of at most {room}",
                    $"Leave out some words. These do not fit: {ErrorText.Quote(lost)}.");
        }

        int[] ids = new int[Length];
        Array.Fill(ids, Padding);
        int at = 0;
        ids[at++] = Start;
        foreach (int id in pieces.SelectMany(piece => piece.Ids).Take(room))
        {
            ids[at++] = id;
        }

        ids[at] = End;
        return new TextTokens(ids, at + 1, lost);
    }

    // From the first word of which a part is missing.
    private static string Lost(List<ClipPiece> pieces, int room)
    {
        var lost = new StringBuilder();
        foreach (ClipPiece piece in pieces)
        {
            room -= piece.Ids.Count;
            if (room < 0)
            {
                lost.Append(piece.AfterSpace && lost.Length > 0 ? " " : "").Append(piece.Text);
            }
        }

        return lost.ToString();
    }

    private IEnumerable<ClipPiece> Pieces(string text)
    {
        int from = 0;
        while (true)
        {
            (int at, string word, int id) = NextSpecial(text, from);
            foreach (ClipPiece piece in Words(Normalized(text[from..at])))
            {
                yield return piece;
            }

            if (word.Length == 0)
            {
                yield break;
            }

            yield return new ClipPiece(word, [id], AfterSpace: true);
            from = at + word.Length;
        }
    }

    private (int At, string Word, int Id) NextSpecial(string text, int from)
    {
        int start = text.IndexOf(ClipVocabulary.StartText, from, StringComparison.Ordinal);
        int end = text.IndexOf(ClipVocabulary.EndText, from, StringComparison.Ordinal);
        return start >= 0 && (end < 0 || start < end) ? (start, ClipVocabulary.StartText, Start)
            : end >= 0 ? (end, ClipVocabulary.EndText, End)
            : (text.Length, "", 0);
    }

    private static string Normalized(string text)
    {
        // Half a surrogate pair is no text and has no composed form.
        var valid = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            valid.Append(rune);
        }

        var result = new StringBuilder();
        bool space = false;
        foreach (Rune rune in Composed(valid.ToString()).EnumerateRunes())
        {
            bool white = Rune.IsWhiteSpace(rune);
            if (white)
            {
                result.Append(space ? "" : " ");
            }
            else if (rune.Value == 0x130)
            {
                // Unicode's lower case of I with a dot is two characters.
                result.Append("i\u0307");
            }
            else
            {
                result.Append(Rune.ToLowerInvariant(rune));
            }

            space = white;
        }

        return result.ToString();
    }

    private IEnumerable<ClipPiece> Words(string text)
    {
        for (int at = 0; at < text.Length;)
        {
            int length = WordLength(text, at);
            if (text[at] != ' ')
            {
                string word = text.Substring(at, length);
                yield return new ClipPiece(word, vocabulary.Merge(word), at > 0 && text[at - 1] == ' ');
            }

            at += length;
        }
    }

    private static int WordLength(string text, int at)
    {
        if (Array.Find(Contractions, end => string.CompareOrdinal(text, at, end, 0, end.Length) == 0) is { } contraction)
        {
            return contraction.Length;
        }

        Kind kind = KindAt(text, at, out int length);
        if (kind is Kind.Number or Kind.Space)
        {
            return length;
        }

        while (at + length < text.Length && KindAt(text, at + length, out int next) == kind)
        {
            length += next;
        }

        return length;
    }

    private static Kind KindAt(string text, int at, out int length)
    {
        Rune rune = Rune.GetRuneAt(text, at);
        length = rune.Utf16SequenceLength;
        return rune.Value == ' ' ? Kind.Space
            : Rune.IsLetter(rune) ? Kind.Letter
            : Rune.GetUnicodeCategory(
                rune) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber ? Kind.Number
            : Kind.Other;
    }

    private enum Kind
    {
        Space,
        Letter,
        Number,
        Other,
    }

    // .NET refuses to compose a text with U+FFFE in it, which composes with nothing.
    private static string Composed(string text) =>
        string.Join('\uFFFE', text.Split('\uFFFE').Select(part => part.Normalize(NormalizationForm.FormC)));
}
