using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Benchmarks.StableDiffusion;

/// <summary>
/// The convolutions, matrix products and attentions of one call of a conditional U-Net by themselves: the same shapes and weights,
/// torch's own functions, nothing between them.
/// </summary>
internal sealed class BareUnet : IDisposable
{
    private const int Heads = 8;
    private readonly List<Tensor> inputs = [];
    private readonly List<Func<Tensor>> products = [];

    /// <summary>Watches one call for the shapes that go into its layers.</summary>
    internal BareUnet(nn.Module network, Action call)
    {
        Dictionary<string, nn.Module> modules = network.named_modules().ToDictionary(m => m.name, m => m.module);
        Dictionary<string, long[]> seen = Shapes(modules, call);
        foreach ((string name, nn.Module module) in modules)
        {
            if (module is Conv2d or Linear)
            {
                long[] shape = seen.GetValueOrDefault(name) ?? seen[Before(name)];
                Add(shape, ((nn.Module<Tensor, Tensor>)module).call);
            }

            if (name.EndsWith(".to_q", StringComparison.Ordinal))
            {
                AddAttention(seen[name], seen[name[..^1] + "k"], ((Linear)module).weight.shape[0]);
            }
        }
    }

    internal int Count => products.Count;

    internal void Run()
    {
        using IDisposable noGraph = no_grad();
        foreach (Func<Tensor> product in products)
        {
            product().Dispose();
        }
    }

    public void Dispose() => inputs.ForEach(input => input.Dispose());

    // Some convolutions are computed in other ways than by a call of the layer; a normalisation sees an image of the same shape.
    private static string Before(string name) => name
        .Replace("conv_shortcut", "norm1", StringComparison.Ordinal)
        .Replace("conv_out", "conv_norm_out", StringComparison.Ordinal)
        .Replace("proj_in", "norm", StringComparison.Ordinal)
        .Replace("proj_out", "norm", StringComparison.Ordinal)
        .Replace(".conv1", ".norm1", StringComparison.Ordinal)
        .Replace(".conv2", ".norm2", StringComparison.Ordinal);

    private static Dictionary<string, long[]> Shapes(Dictionary<string, nn.Module> modules, Action call)
    {
        Dictionary<string, long[]> seen = [];
        List<Action> unhook = [];
        foreach ((string name, nn.Module module) in modules)
        {
            if (module is nn.Module<Tensor, Tensor> layer)
            {
                unhook.Add(layer.register_forward_pre_hook((_, x) =>
                {
                    seen[name] = x.shape;
                    return x;
                }).remove);
            }
        }

        call();
        unhook.ForEach(remove => remove());
        return seen;
    }

    private void Add(long[] shape, Func<Tensor, Tensor> product)
    {
        Tensor input = Kept(randn(shape));
        products.Add(() => product(input));
    }

    private void AddAttention(long[] positions, long[] others, long channels)
    {
        Tensor Vectors(long[] shape) => Kept(randn(shape[0], Heads, shape[1], channels / Heads));
        (Tensor q, Tensor k, Tensor v) = (Vectors(positions), Vectors(others), Vectors(others));
        products.Add(() => nn.functional.scaled_dot_product_attention(q, k, v));
    }

    private Tensor Kept(Tensor tensor)
    {
        inputs.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }
}
