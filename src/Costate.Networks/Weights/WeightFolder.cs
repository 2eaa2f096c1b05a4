namespace Costate.Networks;

/// <summary>Finds a network's weights in a folder as the Hub lays it out.</summary>
internal static class WeightFolder
{
    private static readonly string[] Stems = ["diffusion_pytorch_model", "model", "pytorch_model"];
    private static readonly string[] Extensions = ["safetensors", "bin"];

    /// <summary>The file, or the index of several; safetensors before pickles, one file before shards.</summary>
    internal static string Find(string folder, string? variant)
    {
        string[] files = [.. Directory.GetFiles(folder).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];
        foreach (string extension in Extensions)
        {
            foreach (string stem in Stems)
            {
                if (Names(stem, extension, variant).FirstOrDefault(files.Contains) is { } found)
                {
                    return Path.Combine(folder, found);
                }
            }
        }

        string[] variants = [.. files.SelectMany(Variants).Distinct(StringComparer.Ordinal)];
        string wanted = variant is null ? "weights" : $"weights of the variant {ErrorText.Quote(variant)}";
        string there = variants.Length > 0 ? $"It holds the variants {ErrorText.List(variants)}: name one of them."
            : files.Any(file => Array.Exists(Stems, stem => IsShard(file, stem)))
                ? "It holds shards without their index (such as diffusion_pytorch_model.safetensors.index.json): fetch that too."
            : variant is not null && Array.Exists(files, file => Array.Exists(Stems, stem => Extensions.Any(e => file == $"{stem}.{e}")))
                ? "It holds weights without a variant: name none."
            : files.Length == 0 ? "The folder is empty."
            : "Expected diffusion_pytorch_model.safetensors or .bin, model.safetensors or pytorch_model.bin, or the index of such in "
                + "shards.";
        throw new FileNotFoundException($"There are no {wanted} in '{folder}'. {there}", folder);
    }

    // Both spellings of a variant's index; the shards themselves are named by it.
    private static IEnumerable<string> Names(string stem, string extension, string? variant) => variant is null
        ? [$"{stem}.{extension}", $"{stem}.{extension}.index.json"]
        : [$"{stem}.{variant}.{extension}", $"{stem}.{extension}.index.{variant}.json", $"{stem}.{variant}.{extension}.index.json"];

    private static IEnumerable<string> Variants(string file)
    {
        foreach (string stem in Stems)
        {
            foreach (string extension in Extensions)
            {
                if (Between(file, $"{stem}.", $".{extension}") is { } word)
                {
                    yield return word;
                }

                if (Between(file, $"{stem}.{extension}.index.", ".json") is { } indexed)
                {
                    yield return indexed;
                }
            }
        }
    }

    private static string? Between(string file, string start, string end) =>
        file.Length > start.Length + end.Length && file.StartsWith(start, StringComparison.Ordinal)
            && file.EndsWith(end, StringComparison.Ordinal)
        && !file[start.Length..^end.Length].Contains('.')
            ? file[start.Length..^end.Length]
            : null;

    private static bool IsShard(string file, string stem) =>
        file.StartsWith($"{stem}-", StringComparison.Ordinal) && file.Contains("-of-", StringComparison.Ordinal);
}
