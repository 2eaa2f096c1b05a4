using System.IO.Compression;
using System.Reflection;

namespace Costate.Networks;

/// <summary>
/// The tokenizer that all published models with a text encoder of CLIP share, for files that have none beside them. Its merges, which the
/// vocabulary follows from, are those of openai/CLIP (MIT licence).
/// </summary>
internal static class PublishedClipTokenizer
{
    private const string Resource = "Costate.Networks.Tokenizers.clip-merges.txt.br";

    private static readonly Lazy<ClipVocabulary> Vocabulary = new(Read);

    /// <summary>The pieces and their merges.</summary>
    internal static ClipVocabulary Pieces => Vocabulary.Value;

    /// <summary>The tokenizer.</summary>
    /// <param name="padding">The id after the end; null for that of the end itself.</param>
    internal static ClipTokenizer Of(int? padding = null)
    {
        int end = Id(ClipVocabulary.EndText);
        return new ClipTokenizer(Pieces, Id(ClipVocabulary.StartText), end, padding ?? end, ClipTokenizer.TrainedLength);
    }

    private static int Id(string piece) => Pieces.Find(piece, out int id) ? id : throw new KeyNotFoundException(piece);

    private static ClipVocabulary Read()
    {
        using Stream packed = Assembly.GetExecutingAssembly().GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The program was built without its resource {Resource}.");
        using var text = new StreamReader(new BrotliStream(packed, CompressionMode.Decompress));
        string[][] merges = [.. text.ReadToEnd().Split('\n').Select(line => line.Split(' '))];
        return ClipVocabulary.OfMerges(Resource, [.. merges.Select(pair => (pair[0], pair[1]))]);
    }
}
