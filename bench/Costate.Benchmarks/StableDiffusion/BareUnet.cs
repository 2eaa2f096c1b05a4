using Costate.Benchmarks.Network;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Benchmarks.StableDiffusion;

/// <summary>
/// The convolutions, matrix products and attentions of one call of a conditional U-Net by themselves: the same shapes and weights,
/// torch's own functions, nothing between them.
/// </summary>
internal sealed class BareUnet : BareWork
{
    private const int Heads = 8;

    /// <summary>Watches one call for the shapes that go into its layers.</summary>
    internal BareUnet(nn.Module network, Action call)
    {
        Dictionary<string, nn.Module> modules = network.named_modules().ToDictionary(m => m.name, m => m.module);
        Dictionary<string, long[]> seen = Shapes(modules.Select(m => (m.Key, m.Value)), call);
        foreach ((string name, nn.Module module) in modules)
        {
            if (module is Conv2d or Linear)
            {
                long[] shape = seen.GetValueOrDefault(name) ?? seen[Before(name)];
                Add(shape, ((nn.Module<Tensor, Tensor>)module).call);
            }

            if (name.EndsWith(".to_q", StringComparison.Ordinal))
            {
                (long[] own, long[] others) = (seen[name], seen[name[..^1] + "k"]);
                AddAttention(own[0], Heads, own[1], others[1], ((Linear)module).weight.shape[0] / Heads);
            }
        }
    }

    // Some convolutions are computed in other ways than by a call of the layer; a normalisation sees an image of the same shape.
    private static string Before(string name) => name
        .Replace("conv_shortcut", "norm1", StringComparison.Ordinal)
        .Replace("conv_out", "conv_norm_out", StringComparison.Ordinal)
        .Replace("proj_in", "norm", StringComparison.Ordinal)
        .Replace("proj_out", "norm", StringComparison.Ordinal)
        .Replace(".conv1", ".norm1", StringComparison.Ordinal)
        .Replace(".conv2", ".norm2", StringComparison.Ordinal);
}
