using System.Text.Json;
using Costate.Faces.Captions;
using Costate.Faces.Models;
using Costate.Testing;

namespace Costate.Cli.Tests.Captions;

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

    [Fact]
    public void Command_WritesBothFiles()
    {
        using var folder = new TemporaryFolder();
        Tool.Done("train", "vocabulary", "--captions", "200", "--merges", "50", "--output", folder.FullName);
        var numbers = JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(folder.PathTo("vocab.json")))!;
        string[] merges = File.ReadAllLines(folder.PathTo("merges.txt"));
        Assert.Equal("#version: 0.2", merges[0]);
        Assert.Equal(50, merges.Length - 1);
        Assert.Equal(564, numbers.Count);
        Assert.Equal(Enumerable.Range(0, 564), numbers.Values.Order());
        Assert.All(merges.Skip(1), m => Assert.Contains(m.Replace(" ", "", StringComparison.Ordinal), numbers.Keys));
    }

    [Fact]
    public void Embedded_IsLearntFromTheCaptions()
    {
        using var folder = new TemporaryFolder();
        Tool.Done("train", "vocabulary", "--output", folder.FullName);
        string embedded = Path.Combine(new EmbeddedModel().Folder, "tokenizer");
        Assert.All(
            (string[])["vocab.json", "merges.txt"],
            file => Assert.Equal(File.ReadAllText(folder.PathTo(file)), File.ReadAllText(Path.Combine(embedded, file))));
    }
}
