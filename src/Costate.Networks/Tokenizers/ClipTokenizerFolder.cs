using System.Text.Json;

namespace Costate.Networks;

/// <summary>Reads the files of a tokenizer, which are untrusted.</summary>
internal static class ClipTokenizerFolder
{
    // The encoders' tables of tokens have 49,408 rows.
    private const int MaxPieces = 1_000_000;

    internal static ClipTokenizer Read(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Dictionary<string, int> ids = Ids(folder, TokenizerFile.Text(folder, "vocab.json"));
        var vocabulary = new ClipVocabulary(folder, ids, Merges(folder, TokenizerFile.Text(folder, "merges.txt")));
        using JsonDocument? config = Optional(folder, "tokenizer_config.json");
        using JsonDocument? special = Optional(folder, "special_tokens_map.json");
        int Token(string name, string otherwise)
        {
            string text = (special is null ? null : TokenizerFile.Content(special.RootElement, name))
                ?? (config is null ? null : TokenizerFile.Content(config.RootElement, name)) ?? otherwise;
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
        using JsonDocument document = TokenizerFile.Json(folder, "vocab.json", json);
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

    private static JsonDocument? Optional(string folder, string name) =>
        File.Exists(Path.Combine(folder, name)) ? TokenizerFile.Json(folder, name, TokenizerFile.Text(folder, name)) : null;
}
