using System.Text.Json;

namespace Costate.Networks;

/// <summary>The index of weights in several files: the file of each tensor. It is untrusted.</summary>
internal static class ShardIndex
{
    // A few hundred bytes a tensor; real ones stay below a megabyte.
    private const long MaxBytes = 16 << 20;

    internal static bool IsIndex(string path)
    {
        string name = System.IO.Path.GetFileName(path);
        return name.EndsWith(".json", StringComparison.Ordinal) && name.Contains(".index.", StringComparison.Ordinal);
    }

    /// <summary>Tensor names with the names of their files, which lie in the index's folder.</summary>
    internal static IReadOnlyList<(string Name, string File)> Read(string path)
    {
        long length = new FileInfo(path).Length;
        if (length > MaxBytes)
        {
            throw Damaged(path, $"it has {length} bytes", $"an index of at most {MaxBytes}");
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(File.ReadAllBytes(path));
        }
        catch (JsonException e)
        {
            FileKinds.RefuseOthers(path);
            throw Damaged(path, $"it is not JSON ({e.Message})", "the index of shards", e);
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("weight_map", out JsonElement map)
                || map.ValueKind != JsonValueKind.Object)
            {
                throw Damaged(path, "it has no weight_map", "one that names the file of each tensor");
            }

            var names = new HashSet<string>(StringComparer.Ordinal);
            var entries = new List<(string Name, string File)>();
            foreach (JsonProperty entry in map.EnumerateObject())
            {
                string? file = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString() : null;
                if (file is null || !IsPlain(file))
                {
                    throw Damaged(
                        path, $"it names the file of {ErrorText.Quote(entry.Name)} as {ErrorText.Shorten(entry.Value.GetRawText())}",
                            "the name of a file beside it");
                }

                if (!names.Add(entry.Name))
                {
                    throw Damaged(path, $"it names {ErrorText.Quote(entry.Name)} twice", "every tensor once");
                }

                entries.Add((entry.Name, file));
            }

            return entries.Count > 0 ? entries : throw Damaged(path, "its weight_map is empty", "one that names the file of each tensor");
        }
    }

    internal static InvalidDataException Damaged(string path, string got, string expected, Exception? cause = null) =>
        new($"Cannot read '{path}': {got}; expected {expected}. The index is damaged or was not made for these weights: fetch it "
            + "again.", cause);

    // Weights only, and only in the index's own folder.
    private static bool IsPlain(string file) =>
        file.Length is > 0 and < 256
        && file.AsSpan().IndexOfAny("/\\:\0") < 0
        && !file.StartsWith('.')
        && System.IO.Path.GetExtension(file) is ".safetensors" or ".bin" or ".pt" or ".pth" or ".ckpt";
}
