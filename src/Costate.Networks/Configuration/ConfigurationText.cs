using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Costate.Networks;

/// <summary>Configurations as JSON text with the names that <see cref="JsonOptions"/> reads.</summary>
internal static class ConfigurationText
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    internal static string Of<T>(T config, params ReadOnlySpan<(string Name, JsonNode Value)> more)
    {
        JsonObject json = JsonSerializer.SerializeToNode(config, Options)!.AsObject();
        foreach ((string name, JsonNode value) in more)
        {
            json.Add(name, value);
        }

        return json.ToJsonString();
    }
}
