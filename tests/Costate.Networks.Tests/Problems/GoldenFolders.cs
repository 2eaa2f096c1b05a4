using System.Text.Json.Nodes;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>The folders of a kind of network among the reference values, whatever is there.</summary>
internal static class GoldenFolders
{
    /// <summary>Folders whose configuration has an option of a value, by their names from tests/goldens.</summary>
    public static TheoryData<string> With(string option, string value, params string[] parents) => [.. parents
        .SelectMany(parent => Directory.GetDirectories(Goldens.PathTo(parent)).Select(folder => $"{parent}/{Path.GetFileName(folder)}"))
        .Where(name => (string?)JsonNode.Parse(File.ReadAllText(Path.Combine(PathTo(name), "config.json")))![option] == value)
        .Order(StringComparer.Ordinal)];

    public static string PathTo(string name) => Goldens.PathTo(name.Split('/'));

    public static IReadOnlyDictionary<string, Tensor> Expected(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(PathTo(name), "expected.safetensors"));
        return file.ReadAll();
    }
}
