using System.Text;
using System.Text.Json;

namespace Costate.Networks;

/// <summary>Reads a file of a tokenizer, which is untrusted.</summary>
internal static class TokenizerFile
{
    // The published ones have 1 and 0.5 MB.
    private const long MaxBytes = 16 << 20;

    /// <summary>The text of a token, which is one or an object with it as its content; null for neither.</summary>
    internal static string? Content(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value)
            ? value.ValueKind == JsonValueKind.String ? value.GetString()
                : value.ValueKind == JsonValueKind.Object && value.TryGetProperty("content", out JsonElement content)
                && content.ValueKind == JsonValueKind.String
                    ? content.GetString()
                : null
            : null;

    /// <summary>A text as a JSON object.</summary>
    internal static JsonDocument Json(string folder, string name, string text)
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

    /// <summary>The text of a file.</summary>
    internal static string Text(string folder, string name)
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
