using Costate.Faces.Captions;

namespace Costate.Faces.Tests.Captions;

public sealed class CaptionVocabularyTests
{
    [Fact]
    public void Merges_AreTheMostFrequentPairs()
    {
        // "ab" four times within words, then with the end of "abc" three times; a pair that occurs once is none.
        CaptionVocabulary vocabulary = CaptionVocabulary.Learn(["abc abc", "ABC ab", "xyz"], 10);
        Assert.Equal([("a", "b"), ("ab", "c</w>")], vocabulary.Merges.Where(m => m.Left.StartsWith('a')));
        Assert.DoesNotContain(vocabulary.Tokens, t => t.StartsWith("xy", StringComparison.Ordinal));
        Assert.Equal([("a", "b")], CaptionVocabulary.Learn(["abc abc"], 1).Merges);
    }

    [Fact]
    public void Tokens_AreInClipsOrder()
    {
        CaptionVocabulary vocabulary = CaptionVocabulary.Learn(["red red hair hair"], 4);
        Assert.Equal(512 + vocabulary.Merges.Count + 2, vocabulary.Tokens.Count);
        Assert.Equal(vocabulary.Tokens.Count, vocabulary.Tokens.Distinct().Count());

        // As in OpenAI's vocab.json: "!" is 0, "a" is 64, the byte 0 (as U+0100) 188, "!</w>" 256.
        Assert.Equal(["!", "a", "\u0100", "!</w>"], new[] { 0, 64, 188, 256 }.Select(i => vocabulary.Tokens[i]));
        Assert.Equal(vocabulary.Merges.Select(m => m.Left + m.Right), vocabulary.Tokens.Skip(512).SkipLast(2));
        Assert.Equal(["<|startoftext|>", "<|endoftext|>"], vocabulary.Tokens.TakeLast(2));
    }
}
