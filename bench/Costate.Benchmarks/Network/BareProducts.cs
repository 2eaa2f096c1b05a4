using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Network;

/// <summary>
/// The convolutions and matrix products of one call of a network in DiffAE's layout, with one head of attention, by themselves: the same
/// shapes and weights, torch's own layers, nothing between them.
/// </summary>
internal sealed class BareProducts : BareWork
{
    /// <summary>Watches one call for the shapes that go into its layers.</summary>
    /// <param name="network">The network.</param>
    /// <param name="call">The call, of several images: those of one go other ways than through the layers.</param>
    /// <param name="batch">The images of the products.</param>
    internal BareProducts(nn.Module network, Action call, long batch)
    {
        Dictionary<string, nn.Module> modules = network.named_modules().ToDictionary(m => m.name, m => m.module);
        Dictionary<string, long[]> seen = Shapes(modules.Select(m => (m.Key, m.Value)), call);
        foreach ((string name, nn.Module module) in modules)
        {
            // Some convolutions are computed in other ways than by a call of the layer; a normalisation before them sees the same shape.
            string before = name.Replace("skip_connection", "in_layers.0", StringComparison.Ordinal)
                .Replace("out.2", "out.0", StringComparison.Ordinal);
            if (module is Conv2d or Linear && (seen.GetValueOrDefault(name) ?? seen.GetValueOrDefault(before)) is [_, .. var item])
            {
                Add([batch, .. item], ((nn.Module<Tensor, Tensor>)module).call);
            }
            else if (module is Conv1d qkv && name.EndsWith(".qkv", StringComparison.Ordinal))
            {
                string attention = name[..^"qkv".Length];
                if (seen.TryGetValue(attention + "norm", out long[]? image))
                {
                    AddAttention([batch, .. image[1..]], qkv, (Conv1d)modules[attention + "proj_out"]);
                }
            }
        }
    }

    // Queries, keys and values; their two products; the projection.
    private void AddAttention(long[] image, Conv1d qkv, Conv1d projection)
    {
        (long batch, long channels, long positions) = (image[0], image[1], image[2] * image[3]);
        long[] vectors = [batch, positions, channels];
        Tensor first = Kept(qkv.weight.squeeze(2)), last = Kept(projection.weight.squeeze(2));
        Tensor keys = Kept(randn(batch, channels, positions)), values = Kept(randn(vectors));
        Add(vectors, input => nn.functional.linear(input, first, qkv.bias));
        Add(vectors, input => input.bmm(keys));
        Add([batch, positions, positions], input => input.bmm(values));
        Add(vectors, input => nn.functional.linear(input, last, projection.bias));
    }
}
