using static TorchSharp.torch;

namespace Costate.Benchmarks.Network;

/// <summary>What a network's call computes by itself: torch's own functions on inputs of the same shapes, nothing between them.</summary>
internal abstract class BareWork : IDisposable
{
    private readonly List<Tensor> inputs = [];
    private readonly List<Func<Tensor>> products = [];

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

    /// <summary>Watches one call of a network for the shapes that go into its layers, by their names.</summary>
    private protected static Dictionary<string, long[]> Shapes(IEnumerable<(string Name, nn.Module Layer)> modules, Action call)
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

    private protected void Add(long[] shape, Func<Tensor, Tensor> product)
    {
        Tensor input = Kept(randn(shape));
        products.Add(() => product(input));
    }

    /// <summary>Queries of so many positions that attend to others.</summary>
    private protected void AddAttention(long batch, long heads, long positions, long others, long width)
    {
        Tensor keys = Kept(randn(batch, heads, others, width)), values = Kept(randn(batch, heads, others, width));
        Add([batch, heads, positions, width], queries => nn.functional.scaled_dot_product_attention(queries, keys, values));
    }

    private protected Tensor Kept(Tensor tensor)
    {
        inputs.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }
}
