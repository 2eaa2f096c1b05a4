namespace Costate.Networks;

/// <summary>Names of a text encoder's parameters in OpenCLIP's layout, and in that of transformers' CLIPTextModel.</summary>
/// <param name="layers">The layers that are used; the file may hold more.</param>
/// <param name="projects">Whether the projection belongs to the network.</param>
internal sealed class OriginalOpenClip(int layers, bool projects)
{
    private static readonly TensorChange[] Thirds = [TensorChange.FirstThird, TensorChange.SecondThird, TensorChange.LastThird];

    /// <summary>The encoder in a file, from the names (without prefix).</summary>
    /// <param name="names">The names.</param>
    /// <param name="skipped">How many of the last layers are left out.</param>
    /// <param name="projects">Whether the projection belongs to the network.</param>
    internal static OriginalOpenClip Of(IEnumerable<string> names, int skipped, bool projects)
    {
        int layers =
            names.Select(name =>
                name.Split('.') is ["transformer", "resblocks", var text, ..] && int.TryParse(text, out int layer) ? layer + 1 : 0)
                    .DefaultIfEmpty().Max();
        return new OriginalOpenClip(layers - skipped, projects);
    }

    /// <summary>The present names, three where one tensor holds queries, keys and values; none for what is not used; null for what the
    /// layout does not have.</summary>
    internal IReadOnlyList<(string Name, TensorChange Change)>? Rename(string name) => name.Split('.') switch
    {
        ["logit_scale"] or ["attn_mask"] => [],
        ["positional_embedding"] => [("text_model.embeddings.position_embedding.weight", TensorChange.None)],
        ["token_embedding", "weight"] => [("text_model.embeddings.token_embedding.weight", TensorChange.None)],
        ["ln_final", var last] => [($"text_model.final_layer_norm.{last}", TensorChange.None)],
        ["text_projection"] => projects ? [("text_projection.weight", TensorChange.Transpose)] : [],
        ["transformer", "resblocks", var text, .. var rest] when int.TryParse(text, out int layer) =>
            layer >= layers ? [] : Layer($"text_model.encoder.layers.{layer}", rest),
        _ => null,
    };

    private static IReadOnlyList<(string Name, TensorChange Change)>? Layer(string start, string[] rest) => rest switch
    {
        ["ln_1", var last] => [($"{start}.layer_norm1.{last}", TensorChange.None)],
        ["ln_2", var last] => [($"{start}.layer_norm2.{last}", TensorChange.None)],
        ["mlp", "c_fc", var last] => [($"{start}.mlp.fc1.{last}", TensorChange.None)],
        ["mlp", "c_proj", var last] => [($"{start}.mlp.fc2.{last}", TensorChange.None)],
        ["attn", "out_proj", var last] => [($"{start}.self_attn.out_proj.{last}", TensorChange.None)],
        ["attn", "in_proj_weight"] => Split($"{start}.self_attn", "weight"),
        ["attn", "in_proj_bias"] => Split($"{start}.self_attn", "bias"),
        _ => null,
    };

    private static (string Name, TensorChange Change)[] Split(string start, string last) =>
        [.. "qkv".Select((part, index) => ($"{start}.{part}_proj.{last}", Thirds[index]))];
}
