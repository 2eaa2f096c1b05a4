using System.Text.Json;
using Costate.Testing;

namespace Costate.Networks.Tests;

public sealed class SentencePieceGoldenTests
{
    private static readonly string Folder = Goldens.PathTo("tokenizers", "sentencepiece");

    [Fact]
    public void Ids_AreThoseOfTheLibrary()
    {
        SentencePieceTokenizer tokenizer = SentencePieceTokenizer.FromPretrained(Folder);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "expected.json")));
        List<string> wrong = [];
        int read = 0;
        foreach (JsonElement entry in golden.RootElement.GetProperty("strings").EnumerateArray())
        {
            string text = entry.GetProperty("text").GetString()!;
            int[] ids = [.. entry.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            if (!ids.SequenceEqual(tokenizer.Encode(text)))
            {
                wrong.Add($"{text}: {string.Join(' ', tokenizer.Encode(text))}, expected {string.Join(' ', ids)}");
            }

            TextTokens padded = tokenizer.Tokenize(text, 20, truncate: true);
            Assert.Equal([.. ids[..^1].Take(19), tokenizer.End, .. Enumerable.Repeat(tokenizer.Padding, Math.Max(0, 20 - ids.Length))],
                padded.Ids);
            Assert.Equal(Math.Min(ids.Length, 20), padded.Count);
            Assert.Equal(ids.Length > 20, padded.CutOff.Length > 0);
            read++;
        }

        Assert.Empty(wrong);
        Assert.Equal(golden.RootElement.GetProperty("count").GetInt32(), read);
    }
}
