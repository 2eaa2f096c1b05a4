using System.Text.Json;
using Costate.Testing;

namespace Costate.Networks.Tests;

public sealed class ClipTokenizerGoldenTests
{
    private static readonly string Folder = Goldens.PathTo("tokenizers", "clip-tokenizer");

    [Fact]
    public void Ids_AreThoseOfTheHub()
    {
        ClipTokenizer tokenizer = ClipTokenizer.FromPretrained(Folder);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Goldens.PathTo("tokenizers", "clip.json")));
        List<string> wrong = [];
        foreach (JsonElement entry in golden.RootElement.GetProperty("strings").EnumerateArray())
        {
            string text = entry.GetProperty("text").GetString()!;
            int[] ids = [.. entry.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            if (!ids.SequenceEqual(tokenizer.Encode(text)))
            {
                wrong.Add($"{text}: {string.Join(' ', tokenizer.Encode(text))}, expected {string.Join(' ', ids)}");
            }

            TextTokens padded = tokenizer.Tokenize(text, truncate: true);
            Assert.Equal(77, padded.Ids.Count);
            Assert.Equal([.. ids[..^1].Take(76), .. Enumerable.Repeat(tokenizer.End, Math.Max(1, 78 - ids.Length))], padded.Ids);
            Assert.Equal(Math.Min(ids.Length, 77), padded.Count);
            Assert.Equal(ids.Length > 77, padded.CutOff.Length > 0);
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void PublishedMerges_AreTheWholeTokenizer()
    {
        ClipTokenizer folder = ClipTokenizer.FromPretrained(Folder), own = PublishedClipTokenizer.Of();
        Assert.Equal(
            (folder.Start, folder.End, folder.Padding, folder.Length, folder.VocabularySize),
            (own.Start, own.End, own.Padding, own.Length, own.VocabularySize));
        Assert.Equal(0, PublishedClipTokenizer.Of(0).Padding);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Goldens.PathTo("tokenizers", "clip.json")));
        foreach (JsonElement entry in golden.RootElement.GetProperty("strings").EnumerateArray())
        {
            IEnumerable<int> expected = entry.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32());
            Assert.Equal(expected, own.Encode(entry.GetProperty("text").GetString()!));
        }

        // Every piece is the id that the vocabulary's file gives it.
        using JsonDocument vocabulary = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "vocab.json")));
        ClipVocabulary merged = PublishedClipTokenizer.Pieces;
        Assert.All(
            vocabulary.RootElement.EnumerateObject(),
            piece => Assert.True(merged.Find(piece.Name, out int id) && id == piece.Value.GetInt32()));
    }

    public static TheoryData<string> Folders() => [.. Directory.GetDirectories(Goldens.PathTo("pipelines"))
        .SelectMany(model => Directory.GetDirectories(model, "tokenizer*"))
        .Where(folder => File.Exists(Path.Combine(folder, "vocab.json")))
        .Select(folder => Path.GetRelativePath(Goldens.PathTo("pipelines"), folder))];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Padding_IsThatOfTheSpecialTokens(string folder)
    {
        string path = Goldens.PathTo("pipelines", folder);
        ClipTokenizer tokenizer = ClipTokenizer.FromPretrained(path);
        using JsonDocument special = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(path, "special_tokens_map.json")));
        JsonElement pad = special.RootElement.GetProperty("pad_token");
        string text = pad.ValueKind == JsonValueKind.String ? pad.GetString()! : pad.GetProperty("content").GetString()!;
        Assert.Equal(text == "!" ? 0 : tokenizer.End, tokenizer.Padding);
        Assert.Equal(tokenizer.Padding, tokenizer.Tokenize("a").Ids[^1]);
        Assert.Equal(tokenizer.VocabularySize - 1, tokenizer.End);
    }
}
