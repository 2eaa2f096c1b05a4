using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Network;

/// <summary>The convolutions and matrix products of one network call by themselves: the same shapes and weights, nothing between them.</summary>
internal sealed class BareProducts : IDisposable
{
    private readonly List<Tensor> inputs = [];
    private readonly List<Func<Tensor>> products = [];

    /// <summary>Watches one call for what goes into each layer.</summary>
    /// <param name="network">A network whose layers are called as modules, but for the products of its attention, which has one head.</param>
    /// <param name="call">The call.</param>
    internal BareProducts(nn.Module network, Action call)
    {
        Dictionary<string, nn.Module> modules = network.named_modules().ToDictionary(m => m.name, m => m.module);
        List<Action> unhook = [];
        foreach ((string name, nn.Module module) in modules)
        {
            if (module is Conv2d conv)
            {
                unhook.Add(conv.register_forward_hook((_, x, output) => Note(output, () => Add(x, input => conv.call(input)))).remove);
            }
            else if (module is Linear linear)
            {
                unhook.Add(linear.register_forward_hook((_, x, output) => Note(output, () => Add(x, input => linear.call(input)))).remove);
            }
            else if (name.EndsWith(".qkv", StringComparison.Ordinal))
            {
                string attention = name[..^"qkv".Length];
                unhook.Add(((GroupNorm)modules[attention + "norm"]).register_forward_hook((_, x, output) =>
                    Note(output, () => AddAttention(x, (Conv1d)module, (Conv1d)modules[attention + "proj_out"]))).remove);
            }
        }

        call();
        unhook.ForEach(remove => remove());
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

    private static Tensor Note(Tensor output, Action add)
    {
        add();
        return output;
    }

    private void Add(Tensor like, Func<Tensor, Tensor> product)
    {
        Tensor input = randn_like(like).DetachFromDisposeScope();
        inputs.Add(input);
        products.Add(() => product(input));
    }

    // Queries, keys and values; their two products; the projection.
    private void AddAttention(Tensor image, Conv1d qkv, Conv1d projection)
    {
        (long batch, long channels, long positions) = (image.shape[0], image.shape[1], image.shape[2] * image.shape[3]);
        using Tensor vectors = empty(batch, positions, channels), weights = empty(batch, positions, positions);
        using Tensor others = empty(batch, channels, positions);
        Tensor first = qkv.weight.squeeze(2).DetachFromDisposeScope(), last = projection.weight.squeeze(2).DetachFromDisposeScope();
        Tensor keys = randn_like(others).DetachFromDisposeScope(), values = randn_like(vectors).DetachFromDisposeScope();
        inputs.AddRange([first, last, keys, values]);
        Add(vectors, input => nn.functional.linear(input, first, qkv.bias));
        Add(vectors, input => input.bmm(keys));
        Add(weights, input => input.bmm(values));
        Add(vectors, input => nn.functional.linear(input, last, projection.bias));
    }
}
