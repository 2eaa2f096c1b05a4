using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Transformers;

/// <summary>
/// The matrix products and attentions of one call of a transformer by themselves: the same shapes and weights, torch's own functions,
/// nothing between them.
/// </summary>
internal sealed class BareTransformer : IDisposable
{
    private readonly List<Tensor> inputs = [];
    private readonly List<Func<Tensor>> products = [];

    /// <summary>Watches one call for the shapes that go into its layers.</summary>
    internal BareTransformer(nn.Module network, Action call, int heads)
    {
        Dictionary<string, Linear> layers = network.named_modules()
            .Where(m => m.module is Linear)
            .ToDictionary(m => m.name, m => (Linear)m.module);
        Dictionary<string, long[]> seen = Shapes(layers, call);
        foreach ((string name, Linear layer) in layers)
        {
            Tensor input = Kept(randn(seen[name]));
            products.Add(() => layer.call(input));
            if (name.EndsWith("to_q", StringComparison.Ordinal))
            {
                string attention = name[..^"to_q".Length];
                AddAttention(
                    Tokens(attention, "to_q", "add_q_proj"), Tokens(attention, "to_k", "add_k_proj"), heads, layer.weight.shape[0] / heads);
            }
        }

        // Those of the picture, and of the text where both attend together.
        long Tokens(string attention, string own, string added) =>
            seen[attention + own][1] + (seen.TryGetValue(attention + added, out long[]? text) ? text[1] : 0);
    }

    internal void Run()
    {
        using IDisposable noGraph = no_grad();
        foreach (Func<Tensor> product in products)
        {
            product().Dispose();
        }
    }

    public void Dispose() => inputs.ForEach(input => input.Dispose());

    private static Dictionary<string, long[]> Shapes(Dictionary<string, Linear> layers, Action call)
    {
        Dictionary<string, long[]> seen = [];
        List<Action> unhook = [];
        foreach ((string name, Linear layer) in layers)
        {
            unhook.Add(layer.register_forward_pre_hook((_, x) =>
            {
                seen[name] = x.shape;
                return x;
            }).remove);
        }

        call();
        unhook.ForEach(remove => remove());
        return seen;
    }

    private void AddAttention(long positions, long others, int heads, long width)
    {
        (Tensor q, Tensor k, Tensor v) = (Vectors(positions), Vectors(others), Vectors(others));
        products.Add(() => nn.functional.scaled_dot_product_attention(q, k, v));

        Tensor Vectors(long tokens) => Kept(randn(1, heads, tokens, width));
    }

    private Tensor Kept(Tensor tensor)
    {
        inputs.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }
}
