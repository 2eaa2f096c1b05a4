using Costate.Benchmarks.Network;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Transformers;

/// <summary>
/// The matrix products and attentions of one call of a transformer by themselves: the same shapes and weights, torch's own functions,
/// nothing between them.
/// </summary>
internal sealed class BareTransformer : BareWork
{
    /// <summary>Watches one call for the shapes that go into its layers.</summary>
    internal BareTransformer(nn.Module network, Action call, int heads)
    {
        Dictionary<string, Linear> layers = network.named_modules()
            .Where(m => m.module is Linear)
            .ToDictionary(m => m.name, m => (Linear)m.module);
        Dictionary<string, long[]> seen = Shapes(layers.Select(m => (m.Key, (nn.Module)m.Value)), call);
        foreach ((string name, Linear layer) in layers)
        {
            Add(seen[name], layer.call);
            if (name.EndsWith("to_q", StringComparison.Ordinal))
            {
                string attention = name[..^"to_q".Length];
                long own = Tokens(attention, "to_q", "add_q_proj"), others = Tokens(attention, "to_k", "add_k_proj");
                AddAttention(1, heads, own, others, layer.weight.shape[0] / heads);
            }
        }

        // Those of the picture, and of the text where both attend together.
        long Tokens(string attention, string own, string added) =>
            seen[attention + own][1] + (seen.TryGetValue(attention + added, out long[]? text) ? text[1] : 0);
    }
}
