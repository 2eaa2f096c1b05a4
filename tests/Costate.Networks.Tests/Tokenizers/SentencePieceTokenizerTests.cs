using Costate.Testing;

namespace Costate.Networks.Tests;

public sealed class SentencePieceTokenizerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void LikeliestPieces_AreTaken_AndWhatIsUnknownIsOne()
    {
        SentencePieceTokenizer tokenizer = Read(Small());
        Assert.Equal((1, 0, 9), (tokenizer.End, tokenizer.Padding, tokenizer.VocabularySize));
        Assert.Equal([3, 4, 1], tokenizer.Encode("  ab ")); // -1 - 1.5, likelier than each letter by itself.
        Assert.Equal([3, 5, 6, 1], tokenizer.Encode("ba"));
        Assert.Equal([3, 2, 6, 3, 2, 1], tokenizer.Encode("zyx猫a 🐈"));
        Assert.Equal([3, 2, 1], tokenizer.Encode("\ud83d"));
        Assert.Equal([1], tokenizer.Encode(" \ud7ff "[..1]));
        Assert.Equal([3, 7, 1], tokenizer.Encode("<ab>")); // A user's piece is never cut.
        Assert.Equal([3, 6, 6, 1], tokenizer.Encode("aa")); // The piece of both is not used any more.
    }

    [Fact]
    public void LongPrompts_AreRefusedWithTheWordsThatDoNotFit()
    {
        SentencePieceTokenizer tokenizer = Read(Small());
        InputException error = Assert.Throws<InputException>(() => tokenizer.Tokenize("ab ab bba", 6));
        Assert.Equal("prompt", error.ParamName);
        Assert.Contains("a text of 8 tokens", error.Message, StringComparison.Ordinal);
        TextTokens cut = tokenizer.Tokenize("ab ab bba", 6, truncate: true);
        Assert.Equal([3, 4, 3, 4, 3, 1], cut.Ids);
        Assert.Equal((6, "bba"), (cut.Count, cut.CutOff));
        Assert.Equal("bba", tokenizer.Tokenize("ab ab bba", 8, truncate: true).CutOff); // Of which the first letter fits.
        TextTokens whole = tokenizer.Tokenize("ab", 5);
        Assert.Equal([3, 4, 1, 0, 0], whole.Ids);
        Assert.Equal((3, ""), (whole.Count, whole.CutOff));
        Assert.Equal("length", Assert.Throws<InputException>(() => tokenizer.Tokenize("", 1)).ParamName);
    }

    // The options of a normaliser that T5 leaves alone.
    [Fact]
    public void SpacesAreKept_WhereTheVocabularySaysSo()
    {
        Assert.Equal([4, 1], Read(Small().Normalizer(3, 0)).Encode("ab"));
        Assert.Equal([3, 3, 4, 3, 1], Read(Small().Normalizer(4, 0)).Encode(" ab "));
        Assert.Equal([2, 4, 1], Read(Small().Normalizer(5, 0)).Encode("ab"));
    }

    [Fact]
    public void OtherVocabularies_AreRefusedByName()
    {
        Assert.Contains("model_type", Fails<NotSupportedException>(Small().Trainer(3, 2)), StringComparison.Ordinal);
        Assert.Contains("byte_fallback", Fails<NotSupportedException>(Small().Trainer(35, 1)), StringComparison.Ordinal);
        Assert.Contains("treat_whitespace", Fails<NotSupportedException>(Small().Trainer(24, 1)), StringComparison.Ordinal);
        Assert.Contains("are the same", Fails<InvalidDataException>(Small().Piece("ab")), StringComparison.Ordinal);
        Assert.Contains("2 of its pieces", Fails<InvalidDataException>(Small().Piece("?", 0, 2)), StringComparison.Ordinal);
        Assert.Contains("piece 9", Fails<InvalidDataException>(Small().Piece("c", float.NaN)), StringComparison.Ordinal);
        Assert.Contains("piece 9", Fails<InvalidDataException>(Small().Piece("c", 0, 9)), StringComparison.Ordinal);
        Assert.Contains("its trie has", Fails<InvalidDataException>(Small().Characters(8, 0, 0, 0, 1)), StringComparison.Ordinal);
        folder.Write("tokenizer_config.json", """{"eos_token": {"content": "</end>"}}""");
        Assert.Contains("'</end>' is none of the 9", Fails<InvalidDataException>(Small()), StringComparison.Ordinal);
        File.Delete(folder.PathTo("spiece.model"));
        Assert.Contains("spiece.model", Assert.Throws<FileNotFoundException>(
            () => SentencePieceTokenizer.FromPretrained(folder.FullName)).Message, StringComparison.Ordinal);
    }

    // A damaged file is refused, or is another vocabulary: nothing else, and at once.
    [Fact]
    public void DamagedFiles_AreRefused()
    {
        // A trie of two units, of which the first points beyond the second.
        byte[] whole = Small().Characters(8, 0, 0, 0, 0, 255, 255, 255, 0, 0, 0, 0, 65, 0).ToArray();
        folder.Write("spiece.model", whole);
        Assert.Contains("points outside itself", Assert.Throws<InvalidDataException>(
            () => SentencePieceTokenizer.FromPretrained(folder.FullName).Encode("a")).Message, StringComparison.Ordinal);
        var random = new Random(1);
        int refused = 0;
        for (int i = 0; i < 2 * whole.Length; i++)
        {
            byte[] damaged = i < whole.Length ? whole[..i] : [.. whole];
            if (i >= whole.Length)
            {
                damaged[i - whole.Length] = (byte)random.Next(256);
            }

            folder.Write("spiece.model", damaged);
            Exception? error = Record.Exception(() => SentencePieceTokenizer.FromPretrained(folder.FullName).Encode("ab ba"));
            Assert.True(error is null or InvalidDataException or NotSupportedException, $"{error}");
            refused += error is null ? 0 : 1;
        }

        Assert.InRange(refused, whole.Length, 2 * whole.Length);
    }

    private static SentencePieceModelFile Small() => new SentencePieceModelFile()
        .Piece("<pad>", kind: 3).Piece("</s>", kind: 3).Piece("<unk>", kind: 2)
        .Piece("\u2581", -1).Piece("ab", -1.5f).Piece("b", -2).Piece("a", -2).Piece("<ab>", kind: 4).Piece("aa", -1, 5);

    private SentencePieceTokenizer Read(SentencePieceModelFile file)
    {
        folder.Write("spiece.model", file.ToArray());
        return SentencePieceTokenizer.FromPretrained(folder.FullName);
    }

    private string Fails<TException>(SentencePieceModelFile file)
        where TException : Exception => Assert.Throws<TException>(() => Read(file)).Message;
}
