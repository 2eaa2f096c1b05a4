using System.Text.Json;

namespace Costate.Networks;

/// <summary>Reads the JSON of a configuration, which is untrusted: its size, depth, names and text are checked.</summary>
internal static class SchedulerJson
{
    /// <summary>Room for 50,000 trained betas; a usual file has 1 kB.</summary>
    internal const int MaxBytes = 1 << 20;

    // The object, an option's array or object, and one to spare for options that are not read.
    private const int MaxDepth = 4;

    private static readonly byte[][] PythonNumbers = ["-Infinity"u8.ToArray(), "Infinity"u8.ToArray(), "NaN"u8.ToArray()];

    /// <summary>The options by name, in a form that needs no disposal.</summary>
    /// <param name="source">What the messages call the file.</param>
    /// <param name="utf8">The text.</param>
    internal static Dictionary<string, JsonElement> Parse(string source, byte[] utf8)
    {
        if (utf8.Length > MaxBytes)
        {
            throw TooLarge(source, utf8.Length);
        }

        ReadOnlySpan<byte> text = utf8;
        if (text.StartsWith("\uFEFF"u8))
        {
            text = text[3..];
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(QuotePythonNumbers(text), new JsonDocumentOptions { MaxDepth = MaxDepth });
            return Options(source, document.RootElement);
        }
        catch (JsonException e)
        {
            throw new SchedulerConfigurationException(
                $"Cannot read {source}: it is not valid JSON of at most {MaxDepth} levels: {ErrorText.Shorten(e.Message)} It should be "
                    + "the scheduler_config.json of a diffusers pipeline.",
                e);
        }
        catch (InvalidOperationException e)
        {
            // An escape such as \ud800 is valid JSON but half of a character.
            throw new SchedulerConfigurationException(
                $"Cannot read {source}: it has a string with half a surrogate pair; expected valid text.",
                e);
        }
    }

    internal static SchedulerConfigurationException TooLarge(string source, long length) =>
        new($"Cannot read {source}: it has {length} bytes; a scheduler's configuration has at most {MaxBytes}. Is this another file?");

    private static Dictionary<string, JsonElement> Options(string source, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new SchedulerConfigurationException($"Cannot read {source}: it holds {Kind(root)}; expected an object of options.");
        }

        var options = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.String)
            {
                // Throws on invalid text, which would otherwise surface later.
                property.Value.GetString();
            }

            if (!options.TryAdd(property.Name, property.Value.Clone()))
            {
                throw new SchedulerConfigurationException(
                    $"Cannot read {source}: it gives the option {ErrorText.Quote(property.Name)} twice; keep one.");
            }
        }

        return options;
    }

    internal static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => $"the string {ErrorText.Quote(value.GetString() ?? "")}",
        JsonValueKind.Number => $"the number {ErrorText.Shorten(value.GetRawText())}",
        JsonValueKind.Null => "null",
        JsonValueKind.True => "true",
        _ => "false",
    };

    // Python writes numbers that JSON does not have, and published files hold "lambda_min_clipped": -Infinity. They become strings.
    private static byte[] QuotePythonNumbers(ReadOnlySpan<byte> text)
    {
        using var output = new MemoryStream(text.Length + 16);
        bool inString = false;
        for (int i = 0; i < text.Length; i++)
        {
            byte[]? number = inString ? null : PythonNumberAt(text[i..]);
            if (number is not null)
            {
                output.WriteByte((byte)'"');
                output.Write(number);
                output.WriteByte((byte)'"');
                i += number.Length - 1;
                continue;
            }

            if (inString && text[i] == '\\' && i + 1 < text.Length)
            {
                output.WriteByte(text[i]);
                i++;
            }
            else if (text[i] == '"')
            {
                inString = !inString;
            }

            output.WriteByte(text[i]);
        }

        return output.ToArray();
    }

    private static byte[]? PythonNumberAt(ReadOnlySpan<byte> text)
    {
        foreach (byte[] number in PythonNumbers)
        {
            if (text.StartsWith(number))
            {
                return number;
            }
        }

        return null;
    }

    /// <summary>The file's bytes, read no further than the limit.</summary>
    internal static byte[] ReadFile(string source, string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            byte[] buffer = new byte[MaxBytes + 1];
            int length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            return length > MaxBytes ? throw TooLarge(source, Math.Max(length, stream.CanSeek ? stream.Length : 0)) : buffer[..length];
        }
        catch (Exception e)
            when (e is (IOException and not SchedulerConfigurationException) or UnauthorizedAccessException or NotSupportedException)
        {
            string hint = Directory.Exists(path) ? " It is a folder: name the file, usually scheduler/scheduler_config.json in it." : "";
            throw new SchedulerConfigurationException($"Cannot read {source}: {e.Message}{hint}", e);
        }
    }
}
