using System.Text;

namespace Costate.Networks;

/// <summary>What a <c>spiece.model</c> says, which is untrusted: its pieces, and how a text is brought into their form.</summary>
internal sealed class SentencePieceModel
{
    // That of T5 has 0.8 MB, those of other languages 5.
    private const long MaxBytes = 32 << 20;
    private const int MaxPieces = 1_000_000;

    private const int Unigram = 1;

    private readonly string path;
    private readonly List<SentencePiece> pieces = [];

    private SentencePieceModel(string path, ReadOnlySpan<byte> message)
    {
        this.path = path;
        var reader = new ProtobufReader(message);
        while (reader.Next(out int field))
        {
            switch (field)
            {
                case 1: AddPiece(reader.Bytes()); break;
                case 2: ReadTrainer(reader.Bytes()); break;
                case 3: ReadNormalizer(reader.Bytes()); break;
                default: reader.Skip(); break;
            }
        }

        int[] unknown = [.. Enumerable.Range(0, pieces.Count).Where(id => pieces[id].Kind == SentencePieceKind.Unknown)];
        Unknown = unknown.Length == 1
            ? unknown[0]
            : throw new InvalidDataException($"{unknown.Length} of its pieces stand for what it does not know; expected one");
    }

    /// <summary>The pieces; their places are their ids.</summary>
    internal IReadOnlyList<SentencePiece> Pieces => pieces;

    /// <summary>The id of what it does not know.</summary>
    internal int Unknown { get; }

    /// <summary>What is replaced in a text; null for nothing.</summary>
    internal CharacterMap? Map { get; private set; }

    /// <summary>Whether a space is put in front of a text.</summary>
    internal bool AddsPrefix { get; private set; } = true;

    /// <summary>Whether spaces in front, at the end and beside others are left out.</summary>
    internal bool RemovesSpaces { get; private set; } = true;

    /// <summary>Whether U+2581 stands for a space.</summary>
    internal bool EscapesSpaces { get; private set; } = true;

    /// <summary>Reads a file.</summary>
    internal static SentencePieceModel Read(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new FileNotFoundException(
                $"There is no '{path}'; expected a folder with spiece.model. tokenizer.json cannot stand in for it: fetch it too.", path);
        }

        if (file.Length > MaxBytes)
        {
            throw new InvalidDataException($"'{path}' has {file.Length} bytes; expected a vocabulary of at most {MaxBytes}.");
        }

        byte[] bytes = File.ReadAllBytes(path);
        if (bytes.AsSpan().StartsWith("version https://git-lfs"u8))
        {
            throw new InvalidDataException($"'{path}' is a Git LFS pointer: the file itself was not downloaded. Run git lfs pull.");
        }

        try
        {
            return new SentencePieceModel(path, bytes);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"Cannot read the vocabulary '{path}': {e.Message}. Fetch it again.", e);
        }
    }

    private void AddPiece(ReadOnlySpan<byte> message)
    {
        (byte[] text, float score, long kind) = ([], 0, (long)SentencePieceKind.Normal);
        var reader = new ProtobufReader(message);
        while (reader.Next(out int field))
        {
            switch (field)
            {
                case 1: text = reader.Bytes().ToArray(); break;
                case 2: score = reader.Single(); break;
                case 3: kind = reader.Integer(); break;
                default: reader.Skip(); break;
            }
        }

        if (text.Length == 0 || !float.IsFinite(score) || kind is < 1 or > 6 || pieces.Count == MaxPieces)
        {
            throw new InvalidDataException(
                $"piece {pieces.Count} is {ErrorText.Quote(Encoding.UTF8.GetString(text))} of the kind {kind} with the score {score}; "
                    + $"expected a text, a kind from 1 to 6, a finite score, and at most {MaxPieces} pieces");
        }

        pieces.Add(new SentencePiece(text, score, (SentencePieceKind)kind));
    }

    private void ReadTrainer(ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(message);
        while (reader.Next(out int field))
        {
            switch (field)
            {
                case 3: RequireOption("model_type", reader.Integer(), Unigram); break;
                case 24: RequireOption("treat_whitespace_as_suffix", reader.Integer(), 0); break;
                case 35: RequireOption("byte_fallback", reader.Integer(), 0); break;
                default: reader.Skip(); break;
            }
        }
    }

    private void ReadNormalizer(ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(message);
        while (reader.Next(out int field))
        {
            switch (field)
            {
                case 2: Map = CharacterMap.Read(reader.Bytes()); break;
                case 3: AddsPrefix = reader.Integer() != 0; break;
                case 4: RemovesSpaces = reader.Integer() != 0; break;
                case 5: EscapesSpaces = reader.Integer() != 0; break;
                default: reader.Skip(); break;
            }
        }
    }

    private void RequireOption(string name, long got, long supported)
    {
        if (got != supported)
        {
            throw new NotSupportedException(
                $"'{path}' sets {ErrorText.Quote(name)} to {got}, which is not supported; expected {supported}, as for T5's unigrams.");
        }
    }
}
