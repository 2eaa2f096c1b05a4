using System.Text;
using System.Text.Json.Nodes;
using Costate.Testing;

namespace Costate.Networks.Tests;

public sealed class ClipTokenizerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void LongPrompts_AreRefusedWithTheWordsThatDoNotFit()
    {
        ClipTokenizer tokenizer = Written(padding: null);
        string prompt = string.Concat(Enumerable.Repeat("a ", 74)) + "b, Cd e";

        InputException error = Assert.Throws<InputException>(() => tokenizer.Tokenize(prompt));

        Assert.Contains("a text of 79 tokens", error.Message, StringComparison.Ordinal);
        Assert.Contains("', cd e'", error.Message, StringComparison.Ordinal);
        Assert.Equal(nameof(prompt), error.ParamName);
        TextTokens cut = tokenizer.Tokenize(prompt, truncate: true);
        Assert.Equal(", cd e", cut.CutOff);
        Assert.Equal(77, cut.Count);
        Assert.Equal(tokenizer.End, cut.Ids[^1]);
        Assert.Empty(tokenizer.Tokenize("a b").CutOff);
    }

    [Fact]
    public void AWordOfWhichAPartIsMissing_IsNamedWhole()
    {
        ClipTokenizer tokenizer = Written(padding: null);
        Assert.Equal("xyz", tokenizer.Tokenize(string.Concat(Enumerable.Repeat("a ", 74)) + "xyz", truncate: true).CutOff);
    }

    [Fact]
    public void Merges_GoByRankAndFromTheLeft()
    {
        ClipTokenizer tokenizer = Written(padding: "!", ("a", "a"), ("aa", "a"), ("b", "a</w>"));
        Assert.Equal(["aa", "aaa", "a</w>"], Shown(tokenizer, "aaaaaa", ("a", "a"), ("aa", "a"), ("b", "a</w>")));
        Assert.Equal(["aa", "ba</w>"], Shown(tokenizer, "aaba", ("a", "a"), ("aa", "a"), ("b", "a</w>")));
    }

    [Fact]
    public void LongWordsAndHalfCharacters_AreTokenized()
    {
        ClipTokenizer tokenizer = Written(padding: null, ("a", "a"), ("aa", "aa"));
        Assert.Equal((200_000 / 4) + 2 + 1, tokenizer.Encode(new string('a', 200_001)).Count);
        Assert.Equal(5, tokenizer.Encode("\ud83d").Count); // U+FFFD, three bytes, for half a pair.
    }

    [Fact]
    public void Padding_IsThatOfTheMap_OrOfTheConfiguration()
    {
        Assert.Equal(0, Written(padding: "!").Padding);
        ClipTokenizer tokenizer = Written(padding: null);
        Assert.Equal(tokenizer.End, tokenizer.Padding);
        folder.Write("tokenizer_config.json", """{"pad_token": {"content": "!"}, "model_max_length": 1000000000000000019884624838656}""");
        tokenizer = ClipTokenizer.FromPretrained(folder.FullName);
        Assert.Equal((0, 77), (tokenizer.Padding, tokenizer.Length));
        folder.Write("tokenizer_config.json", """{"model_max_length": 5}""");
        Assert.Equal(5, ClipTokenizer.FromPretrained(folder.FullName).Tokenize("a").Ids.Count);
    }

    [Fact]
    public void Files_ThatDoNotFit_AreRefused()
    {
        _ = Written(padding: null, ("a", "a"));
        string vocabulary = File.ReadAllText(folder.PathTo("vocab.json"));
        Refused("vocab.json", vocabulary.Replace("\"aa\":512", "\"aa\":3", StringComparison.Ordinal), "each once");
        Refused("vocab.json", vocabulary.Replace("\"aa\":512", "\"aa\":99999", StringComparison.Ordinal), "each once");
        Refused("vocab.json", vocabulary.Replace("\"aa\":512", "\"aa\":\"x\"", StringComparison.Ordinal), "no whole number");
        Refused("vocab.json", vocabulary.Replace("\"aa\":512", "\"a\":512", StringComparison.Ordinal), "twice");
        Refused("vocab.json", vocabulary.Replace("\"~\":93", "\"~~\":93", StringComparison.Ordinal), "expected all 256");
        Refused("vocab.json", "[]", "not a JSON object");
        Refused("vocab.json", "{\"a\":", "not a JSON object");
        Refused("vocab.json", new string(' ', (16 << 20) + 1), "expected a file of a tokenizer");
        Refused("merges.txt", "#version: 0.2\na b\n", "'a' and 'b'");
        Refused("merges.txt", "a a\na a\n", "merge 2");
        Refused("merges.txt", "aa\n", "line 1 of merges.txt");
        Refused("merges.txt", "a  a\n", "line 1 of merges.txt");
        Refused("special_tokens_map.json", """{"pad_token": "<pad>"}""", "pad_token '<pad>'");
        Refused("tokenizer_config.json", """{"model_max_length": "long"}""", "model_max_length");
        File.WriteAllBytes(folder.PathTo("merges.txt"), [0xff, 0xfe, 0x20]);
        Assert.Contains("UTF-8", Assert.Throws<InvalidDataException>(() => ClipTokenizer.FromPretrained(folder.FullName)).Message,
            StringComparison.Ordinal);
        File.Delete(folder.PathTo("merges.txt"));
        Assert.Contains("merges.txt", Assert.Throws<FileNotFoundException>(() => ClipTokenizer.FromPretrained(folder.FullName)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void LinesOfWindows_AreRead()
    {
        _ = Written(padding: null, ("a", "a"));
        folder.Write("merges.txt", "#version: 0.2\r\na a\r\n");
        Assert.Equal(4, ClipTokenizer.FromPretrained(folder.FullName).Encode("aaa").Count);
    }

    private void Refused(string name, string text, string what)
    {
        string path = folder.PathTo(name);
        byte[]? before = File.Exists(path) ? File.ReadAllBytes(path) : null;
        folder.Write(name, text);
        string message = Assert.Throws<InvalidDataException>(() => ClipTokenizer.FromPretrained(folder.FullName)).Message;
        Assert.Contains(what, message, StringComparison.Ordinal);
        Assert.Contains(folder.FullName, message, StringComparison.Ordinal);
        if (before is null)
        {
            File.Delete(path);
        }
        else
        {
            File.WriteAllBytes(path, before);
        }
    }

    private static string[] Shown(ClipTokenizer tokenizer, string word, params (string, string)[] merges)
    {
        string[] pieces = Pieces(merges);
        return [.. tokenizer.Encode(word).Skip(1).SkipLast(1).Select(id => pieces[id])];
    }

    // The bytes as CLIP writes them, alone and at the end of a word, what the merges give, and the two special words.
    private static string[] Pieces((string Left, string Right)[] merges)
    {
        int[] shown = [.. Enumerable.Range(33, 94), .. Enumerable.Range(161, 12), .. Enumerable.Range(174, 82)];
        string[] bytes = [.. shown.Select(value => $"{(char)value}"), .. Enumerable.Range(256, 68).Select(value => $"{(char)value}")];
        return [.. bytes, .. bytes.Select(piece => piece + "</w>"), .. merges.Select(merge => merge.Left + merge.Right),
            "<|startoftext|>", "<|endoftext|>"];
    }

    private ClipTokenizer Written(string? padding, params (string Left, string Right)[] merges)
    {
        var vocabulary = new JsonObject();
        foreach ((int id, string piece) in Pieces(merges).Index())
        {
            vocabulary.Add(piece, id);
        }

        folder.Write("vocab.json", vocabulary.ToJsonString());
        folder.Write("merges.txt", "#version: 0.2\n" + string.Concat(merges.Select(merge => $"{merge.Left} {merge.Right}\n")));
        if (padding is not null)
        {
            folder.Write("special_tokens_map.json", Encoding.UTF8.GetBytes($$"""{"pad_token": "{{padding}}"}"""));
        }
        else
        {
            File.Delete(folder.PathTo("special_tokens_map.json"));
        }

        return ClipTokenizer.FromPretrained(folder.FullName);
    }
}
