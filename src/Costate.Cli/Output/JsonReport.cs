using System.Text.Encodings.Web;
using System.Text.Json;

namespace Costate.Cli.Output;

/// <summary>Results as JSON: the same text in the file and, with <c>--json</c>, on the standard output.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    internal static string Text<T>(T report) => JsonSerializer.Serialize(report, Options);
}
