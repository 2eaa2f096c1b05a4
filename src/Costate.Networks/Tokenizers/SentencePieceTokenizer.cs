using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Costate.Networks;

/// <summary>
/// T5's tokenizer: text becomes the ids of the pieces that are likeliest together, as the C++ library of SentencePiece cuts them, to the id
/// (a unigram model; Kudo 2018).
/// </summary>
/// <remarks>
/// <para>
/// Characters are replaced as the vocabulary says, spaces at the ends and beside others are left out, one is put in front. What no piece
/// has
/// becomes the id of the unknown, once for a run of it.
/// </para>
/// <para>Immutable, and safe to use from several threads. Costs time proportional to the text.</para>
/// </remarks>
public sealed class SentencePieceTokenizer
{
    private const string Configuration = "tokenizer_config.json";

    // Below the least likely piece.
    private const float UnknownPenalty = 10;

    private static readonly byte[] Space = "\u2581"u8.ToArray();

    private readonly SentencePieceModel model;
    private readonly PieceIndex pieces;
    private readonly PieceIndex uncut;
    private readonly float least;
    private readonly float most;

    private SentencePieceTokenizer(string folder, SentencePieceModel model)
    {
        this.model = model;
        pieces = Index(SentencePieceKind.Normal, SentencePieceKind.UserDefined, SentencePieceKind.Unused);
        uncut = Index(SentencePieceKind.UserDefined);
        float[] scores = [.. model.Pieces.Where(piece => piece.Kind == SentencePieceKind.Normal).Select(piece => piece.Score)];

        // The library's largest begins at the smallest positive number: scores are logarithms.
        least = scores.DefaultIfEmpty(0).Min();
        most = Math.Max(scores.DefaultIfEmpty(0).Max(), 1.17549435e-38f);
        using JsonDocument? read = File.Exists(Path.Combine(folder, Configuration))
            ? TokenizerFile.Json(folder, Configuration, TokenizerFile.Text(folder, Configuration))
            : null;
        End = Token("eos_token", "</s>");
        Padding = Token("pad_token", "<pad>");

        int Token(string name, string otherwise)
        {
            string text = (read is null ? null : TokenizerFile.Content(read.RootElement, name)) ?? otherwise;
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            int id = Enumerable.Range(0, model.Pieces.Count).FirstOrDefault(i => model.Pieces[i].Text.AsSpan().SequenceEqual(bytes), -1);
            return id >= 0 ? id : throw new InvalidDataException(
                $"Cannot use the tokenizer '{folder}': its {name} {ErrorText.Quote(text)} is none of the {model.Pieces.Count} pieces of "
                    + "spiece.model. Fetch its files again.");
        }
    }

    /// <summary>The id that every text ends with.</summary>
    public int End { get; }

    /// <summary>The id after the end.</summary>
    public int Padding { get; }

    /// <summary>The number of different ids.</summary>
    public int VocabularySize => model.Pieces.Count;

    /// <summary>Reads a folder <c>tokenizer</c> of the Hub.</summary>
    /// <param name="folder">The folder, with <c>spiece.model</c>, and as a rule <c>tokenizer_config.json</c>.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="FileNotFoundException">The folder or <c>spiece.model</c> is missing.</exception>
    /// <exception cref="InvalidDataException">A file is too large or damaged, or a special token is not in it; the message says
    /// which.</exception>
    /// <exception cref="NotSupportedException">The vocabulary is of another kind than T5's.</exception>
    public static SentencePieceTokenizer FromPretrained(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string path = Path.Combine(folder, "spiece.model");
        SentencePieceModel model = SentencePieceModel.Read(path);
        try
        {
            return new SentencePieceTokenizer(folder, model);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"Cannot read the vocabulary '{path}': {e.Message}", e);
        }
    }

    /// <summary>All ids of a text, however many, with the end.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The ids.</returns>
    public IReadOnlyList<int> Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [.. Pieces(Normalized(text)).Select(piece => piece.Id), End];
    }

    /// <summary>The ids of a text as a text encoder takes them.</summary>
    /// <param name="prompt">The text.</param>
    /// <param name="length">How many ids, the end among them: 256 for SD3, 512 or 256 for Flux, 120 for PixArt.</param>
    /// <param name="truncate">Whether a text that is too long is cut, rather than refused. What is lost is said in the result. The default
    /// value is false.</param>
    /// <returns>The ids, padded with <see cref="Padding"/>.</returns>
    /// <exception cref="InputException">The length leaves no room, or the text is too long and may not be cut; the message has the words
    /// that
    /// do not fit.</exception>
    public TextTokens Tokenize(string prompt, int length, bool truncate = false)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (length < 2)
        {
            throw new InputException(nameof(length), $"{length}", "at least 2, for a token and the end");
        }

        byte[] text = Normalized(prompt);
        List<(int Start, int Id)> found = Pieces(text);
        int room = length - 1;
        string lost = found.Count > room ? Lost(text, found[room].Start) : "";
        if (found.Count > room && !truncate)
        {
            throw new InputException(
                nameof(prompt), $"a text of {found.Count} tokens", $"of at most {room}",
                    $"Leave out some words. These do not fit: {ErrorText.Quote(lost)}.");
        }

        int[] ids = new int[length];
        Array.Fill(ids, Padding);
        int count = Math.Min(found.Count, room);
        for (int i = 0; i < count; i++)
        {
            ids[i] = found[i].Id;
        }

        ids[count] = End;
        return new TextTokens(ids, count + 1, lost);
    }

    // From the first word of which a part is missing.
    private static string Lost(byte[] text, int from)
    {
        int word = text.AsSpan(from).StartsWith(Space) ? from : Math.Max(text.AsSpan(0, from).LastIndexOf(Space), 0);
        return Encoding.UTF8.GetString(text.AsSpan(word)).Replace('\u2581', ' ').Trim();
    }

    private PieceIndex Index(params ReadOnlySpan<SentencePieceKind> kinds)
    {
        var found = new List<(byte[] Text, int Id)>();
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            if (kinds.Contains(model.Pieces[id].Kind))
            {
                found.Add((model.Pieces[id].Text, id));
            }
        }

        return new PieceIndex(found);
    }

    private byte[] Normalized(string text)
    {
        // Half a surrogate pair becomes U+FFFD.
        ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes(text);
        ReadOnlySpan<byte> space = model.EscapesSpaces ? Space : " "u8;
        var result = new List<byte>();
        while (model.RemovesSpaces && !rest.IsEmpty && Replaced(rest, out ReadOnlySpan<byte> first) is var length
            && first.SequenceEqual(" "u8))
        {
            rest = rest[length..];
        }

        if (rest.IsEmpty)
        {
            return [];
        }

        if (model.AddsPrefix)
        {
            result.AddRange(space);
        }

        bool afterSpace = model.RemovesSpaces;
        while (!rest.IsEmpty)
        {
            rest = rest[Replaced(rest, out ReadOnlySpan<byte> replacement)..];
            while (afterSpace && replacement.StartsWith(" "u8))
            {
                replacement = replacement[1..];
            }

            foreach (byte value in replacement)
            {
                result.AddRange(value == ' ' ? space : [value]);
            }

            afterSpace = model.RemovesSpaces && (replacement.IsEmpty ? afterSpace : replacement.EndsWith(" "u8));
        }

        while (model.RemovesSpaces && result.Count >= space.Length
            && CollectionsMarshal.AsSpan(result).EndsWith(space))
        {
            result.RemoveRange(result.Count - space.Length, space.Length);
        }

        return [.. result];
    }

    // How many bytes are read, and what stands in their place.
    private int Replaced(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> replacement)
    {
        int read = uncut.Longest(text);
        if (read == 0 && model.Map is { } map && map.Longest(text, out replacement) is > 0 and int replaced)
        {
            return replaced;
        }

        read = read == 0 ? Character(text) : read;
        replacement = text[..read];
        return read;
    }

    private static int Character(ReadOnlySpan<byte> text)
    {
        int length = text[0] switch { < 0xc0 => 1, < 0xe0 => 2, < 0xf0 => 3, _ => 4 };
        return Math.Min(length, text.Length);
    }

    // The pieces of the best way to cut a normalised text (Viterbi), a run of unknown ones as one.
    private List<(int Start, int Id)> Pieces(byte[] text)
    {
        var best = new (float Score, int Start, int Id)[text.Length + 1];
        Array.Fill(best, (0, -1, -1));
        var found = new List<(int Length, int Id)>();
        for (int start = 0; start < text.Length;)
        {
            int character = Character(text.AsSpan(start));
            bool isKnown = false;
            found.Clear();
            pieces.Find(text.AsSpan(start), found);
            foreach ((int length, int id) in found)
            {
                SentencePiece piece = model.Pieces[id];
                if (piece.Kind != SentencePieceKind.Unused)
                {
                    Reach(start, start + length, id, piece.Kind == SentencePieceKind.Normal ? piece.Score : (length * most) - 0.1);
                    isKnown |= length == character;
                }
            }

            if (!isKnown)
            {
                Reach(start, start + character, model.Unknown, least - UnknownPenalty);
            }

            start += character;
        }

        var cut = new List<(int Start, int Id)>();
        for (int end = text.Length; end > 0; end = best[end].Start)
        {
            if (best[end].Id == model.Unknown && cut.Count > 0 && cut[^1].Id == model.Unknown)
            {
                cut.RemoveAt(cut.Count - 1);
            }

            cut.Add((best[end].Start, best[end].Id));
        }

        cut.Reverse();
        return cut;

        void Reach(int from, int to, int id, double score)
        {
            float sum = (float)(best[from].Score + score);
            if (best[to].Start < 0 || sum > best[to].Score)
            {
                best[to] = (sum, from, id);
            }
        }
    }
}
