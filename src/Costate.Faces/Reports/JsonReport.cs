using System.Text.Encodings.Web;
using System.Text.Json;

namespace Costate.Faces.Reports;

/// <summary>Results as JSON: the same text in a file and wherever else it is shown.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
    };

    internal static string Text<T>(T report) => JsonSerializer.Serialize(report, Options);

    /// <summary>What <see cref="Text"/> has written to a file.</summary>
    /// <exception cref="JsonException">It is something else.</exception>
    internal static T Read<T>(string path) =>
        JsonSerializer.Deserialize<T>(File.ReadAllText(path), Options) ?? throw new JsonException("It is null.");
}
