using System.Text;
using System.Text.Json;

namespace Costate.Networks;

/// <summary>Reads the files of a tokenizer, which are untrusted.</summary>
internal static class ClipTokenizerFolder
{
    // The published ones have 1 and 0.5 MB.
    private const long MaxBytes = 16 << 20;

    // The encoders' tables of tokens have 49,408 rows.
    private const int MaxPieces = 1_000_000;

    internal static ClipTokenizer Read(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Dictionary<string, int> ids = Ids(folder, Text(folder, "vocab.json"));
        var vocabulary = new ClipVocabulary(folder, ids, Merges(folder, Text(folder, "merges.txt")));
        using JsonDocument? config = Optional(folder, "tokenizer_config.json");
        using JsonDocument? special = Optional(folder, "special_tokens_map.json");
        int Token(string name, string otherwise)
        {
            string text = (special is null ? null : Content(special.RootElement, name))
                ?? (config is null ? null : Content(config.RootElement, name)) ?? otherwise;
            return vocabulary.Find(text, out int id)
                ? id
                : throw new InvalidDataException(
                    $"Cannot use the tokenizer '{folder}': its {name} {ErrorText.Quote(text)} is not in vocab.json; expected one of its "
                        + $"{vocabulary.Size} pieces. Fetch its files again.");
        }

        int end = Token("eos_token", ClipVocabulary.EndText);
        return new ClipTokenizer(vocabulary, Token("bos_token", ClipVocabulary.StartText), end,
            Token("pad_token", ClipVocabulary.EndText), Length(folder, config));
    }

    private static Dictionary<string, int> Ids(string folder, string json)
    {
        using JsonDocument document = Json(folder, "vocab.json", json);
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (JsonProperty entry in document.RootElement.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out int id) || !ids.TryAdd(entry.Name, id)
                || ids.Count > MaxPieces)
            {
                throw ClipVocabulary.Bad(folder,
                    $"vocab.json gives {ErrorText.Quote(entry.Name)} {ErrorText.Shorten(entry.Value.GetRawText())}, twice or no whole "
                        + $"number, or has over {MaxPieces} pieces");
            }
        }

        return ids;
    }

    private static List<(string Left, string Right)> Merges(string folder, string text)
    {
        var merges = new List<(string, string)>();
        int number = 0;

        // Not EnumerateLines: the pieces hold characters that Unicode counts as ends of lines.
        foreach (string line in text.Split('\n'))
        {
            string raw = line.TrimEnd('\r');
            if (raw.Length == 0 || (number++ == 0 && raw.StartsWith("#version", StringComparison.Ordinal)))
            {
                continue;
            }

            string[] parts = raw.Split(' ');
            if (parts.Length != 2 || parts[0].Length == 0 || parts[1].Length == 0)
            {
                throw ClipVocabulary.Bad(folder,
                    $"line {number} of merges.txt is {ErrorText.Quote(raw)}; expected two pieces with a space between");
            }

            merges.Add((parts[0], parts[1]));
        }

        return merges;
    }

    private static int Length(string folder, JsonDocument? config)
    {
        // Absent, and the number that stands for "none", mean what the encoders were trained with.
        if (config is null || !config.RootElement.TryGetProperty("model_max_length", out JsonElement value)
            || value.ValueKind == JsonValueKind.Null)
        {
            return ClipTokenizer.TrainedLength;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double length) && length >= 3
            ? (int)Math.Min(length, ClipTokenizer.TrainedLength)
            : throw new InvalidDataException(
                $"'{folder}' sets model_max_length to {ErrorText.Shorten(value.GetRawText())}; expected a number of at least 3.");
    }

    // A token is a text, or an object with the text as its content.
    private static string? Content(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value)
            ? value.ValueKind == JsonValueKind.String ? value.GetString()
                : value.ValueKind == JsonValueKind.Object && value.TryGetProperty("content", out JsonElement content)
                && content.ValueKind == JsonValueKind.String
                    ? content.GetString()
                : null
            : null;

    private static JsonDocument? Optional(string folder, string name) =>
        File.Exists(Path.Combine(folder, name)) ? Json(folder, name, Text(folder, name)) : null;

    private static JsonDocument Json(string folder, string name, string text)
    {
        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 16 });
            return document.RootElement.ValueKind == JsonValueKind.Object ? document : throw new JsonException("it is no object");
        }
        catch (JsonException e)
        {
            document?.Dispose();
            throw new InvalidDataException(
                $"'{Path.Combine(folder, name)}' is not a JSON object: {ErrorText.Shorten(e.Message)}. Fetch the tokenizer's files "
                    + "again.", e);
        }
    }

    private static string Text(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            string hint = File.Exists(Path.Combine(folder, "tokenizer.json"))
                ? " tokenizer.json cannot stand in for it: fetch the tokenizer's other files too." : " Fetch the tokenizer's files.";
            throw new FileNotFoundException($"There is no '{path}'; expected a folder with vocab.json and merges.txt.{hint}", path);
        }

        if (file.Length > MaxBytes)
        {
            throw new InvalidDataException($"'{path}' has {file.Length} bytes; expected a file of a tokenizer of at most {MaxBytes}.");
        }

        try
        {
            byte[] bytes = File.ReadAllBytes(path);
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"'{path}' is not text in UTF-8. Fetch the tokenizer's files again.", e);
        }
    }
}
