using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Queries, keys and values of vectors, of several heads, with queries and keys normalised or not. Whoever attends with them
/// registers their parts under names of its own.</summary>
internal sealed class HeadProjections
{
    private const double Eps = 1e-6;

    private readonly int heads;
    private readonly Linear toQuery;
    private readonly Linear toKey;
    private readonly Linear toValue;
    private readonly RmsNorm? normQuery;
    private readonly RmsNorm? normKey;

    /// <param name="width">Width of the vectors.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="headWidth">Width of a head.</param>
    /// <param name="isNormed">Whether queries and keys are normalised.</param>
    /// <param name="device">Where they are made.</param>
    internal HeadProjections(int width, int heads, int headWidth, bool isNormed, Device? device)
    {
        this.heads = heads;
        toQuery = nn.Linear(width, heads * headWidth, device: device);
        toKey = nn.Linear(width, heads * headWidth, device: device);
        toValue = nn.Linear(width, heads * headWidth, device: device);
        (normQuery, normKey) = isNormed ? (new RmsNorm(headWidth, Eps, device), new RmsNorm(headWidth, Eps, device)) : (null, null);
    }

    internal void Register(nn.Module owner, (string Query, string Key, string Value) names, (string Query, string Key) norms)
    {
        owner.register_module(names.Query, toQuery);
        owner.register_module(names.Key, toKey);
        owner.register_module(names.Value, toValue);
        if (normQuery is not null)
        {
            owner.register_module(norms.Query, normQuery);
            owner.register_module(norms.Key, normKey!);
        }
    }

    /// <summary>Of vectors [batch, positions, width], each [batch, positions, heads, head width].</summary>
    internal (Tensor Query, Tensor Key, Tensor Value) Of(Tensor x) =>
        (Normed(normQuery, Split(toQuery, x)), Normed(normKey, Split(toKey, x)), Split(toValue, x));

    private static Tensor Normed(RmsNorm? norm, Tensor x) => norm is null ? x : norm.Forward(x);

    private Tensor Split(Linear layer, Tensor x) => layer.call(x).unflatten(2, [heads, -1]);
}
