using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Self-attention among the positions of an image, with its residual, in the diffusers layout.</summary>
internal sealed class Attention2D : RecomputableLayer
{
    private readonly int heads;
    private readonly double outputScale;
    private readonly GroupNorm? norm;
    private readonly Linear toQuery;
    private readonly Linear toKey;
    private readonly Linear toValue;
    private readonly Linear toOut;

    /// <param name="execution">How the network computes.</param>
    /// <param name="channels">Channels of the image.</param>
    /// <param name="headWidth">Channels of a head; null for a single head.</param>
    /// <param name="groups">Groups of the normalisation; null for none.</param>
    /// <param name="eps">What the normalisation adds to the variance.</param>
    /// <param name="outputScale">By what the sum with the residual is divided.</param>
    internal Attention2D(Execution execution, int channels, int? headWidth, int? groups, double eps, double outputScale)
        : base(nameof(Attention2D), execution)
    {
        int width = headWidth ?? channels;
        heads = channels / width;
        this.outputScale = outputScale;
        Device? device = execution.Device;
        if (groups is { } number)
        {
            register_module("group_norm", norm = Normalization.Groups(number, channels, eps, device));
        }

        register_module("to_q", toQuery = nn.Linear(channels, heads * width, device: device));
        register_module("to_k", toKey = nn.Linear(channels, heads * width, device: device));
        register_module("to_v", toValue = nn.Linear(channels, heads * width, device: device));
        register_module("to_out", nn.ModuleList<Linear>(toOut = nn.Linear(heads * width, channels, device: device)));
    }

    /// <summary>The present name of an attention's parameter; the layout once called them otherwise.</summary>
    internal static string CurrentName(string name)
    {
        if (!name.Contains(".attentions.", StringComparison.Ordinal))
        {
            return name;
        }

        return name
            .Replace(".query.", ".to_q.", StringComparison.Ordinal)
            .Replace(".key.", ".to_k.", StringComparison.Ordinal)
            .Replace(".value.", ".to_v.", StringComparison.Ordinal)
            .Replace(".proj_attn.", ".to_out.0.", StringComparison.Ordinal);
    }

    // Of the shape of x [batch, channels, height, width].
    private protected override Tensor Compute(Tensor x, Tensor? condition)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor positions = SpatialAttention.Positions(norm is null ? x : norm.call(x));
        (Tensor q, Tensor k, Tensor v) = (Split(toQuery.call(positions)), Split(toKey.call(positions)), Split(toValue.call(positions)));
        Tensor attended = DotProductAttention.Of(q, k, v, Execution.Attention);

        // In this order the sum has the strides of x; normalisations and convolutions are slow on those of the other.
        Tensor sum = x + SpatialAttention.Image(toOut.call(attended), x.shape[2], x.shape[3]);
        return (outputScale == 1 ? sum : sum.div_(outputScale)).MoveToOuterDisposeScope();
    }

    private Tensor Split(Tensor vectors) => vectors.unflatten(2, [heads, vectors.shape[2] / heads]);
}
