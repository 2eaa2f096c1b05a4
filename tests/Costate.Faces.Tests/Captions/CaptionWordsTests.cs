using Costate.Faces.Captions;

namespace Costate.Faces.Tests.Captions;

public sealed class CaptionWordsTests
{
    private static readonly CaptionWords Words = new();

    [Fact]
    public void NoCaption_HasAnUnknownWord()
    {
        for (ulong seed = 1_000_000; seed < 1_010_000; seed++)
        {
            string text = FaceCaption.Of(seed, 1, variation: seed).Text;
            Assert.True(Words.Remark(text) is null, text);
        }
    }

    [Theory]
    [InlineData("a person with curly red hairs", "hairs", "hair")]
    [InlineData("A Person with glases!", "glases", "glasses")]
    [InlineData("blonde hair", "blonde", "blond")]
    public void UnknownWords_AreNamed_WithThoseSpelledMostLikeThem(string text, string word, string nearest)
    {
        (string got, IReadOnlyList<string> like) = Assert.Single(Words.Unknown(text));
        Assert.Equal(word, got);
        Assert.Contains(nearest, like);
        Assert.Contains($"{word} (like ", Words.Remark(text), StringComparison.Ordinal);
    }

    [Fact]
    public void WordsLikeNone_AreNamedAlone()
    {
        Assert.Equal(["zebra", "motorcycle"], Words.Unknown("a zebra on a motorcycle, a ZEBRA").Select(u => u.Word));
        Assert.All(Words.Unknown("motorcycle"), unknown => Assert.Empty(unknown.Nearest));
        Assert.Null(Words.Remark(""));
    }
}
