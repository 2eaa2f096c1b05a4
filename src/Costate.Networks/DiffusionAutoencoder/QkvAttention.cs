using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Self-attention among the positions of an image, with its residual, in the layout of guided-diffusion and DiffAE.</summary>
internal sealed class QkvAttention : StageLayer
{
    private readonly Execution execution;
    private readonly int heads;
    private readonly bool splitsFirst;
    private readonly GroupNorm norm;
    private readonly Conv1d qkv;
    private readonly Conv1d projection;

    /// <param name="channels">Channels of the image.</param>
    /// <param name="heads">Heads, a divisor of the channels.</param>
    /// <param name="splitsFirst">Whether q, k and v are split before heads rather than after.</param>
    /// <param name="execution">How the network computes.</param>
    internal QkvAttention(int channels, int heads, bool splitsFirst, Execution execution)
        : base(nameof(QkvAttention))
    {
        this.execution = execution;
        this.heads = heads;
        this.splitsFirst = splitsFirst;
        Device? device = execution.Device;
        register_module("norm", norm = GroupNormalization.Of(channels, device));
        register_module("qkv", qkv = nn.Conv1d(channels, 3 * channels, 1, device: device));
        register_module("proj_out", projection = nn.Conv1d(channels, channels, 1, device: device));
        Zero.Parameters(projection);
    }

    internal override Tensor Forward(Tensor x, Conditions? conditions)
    {
        using DisposeScope scope = NewDisposeScope();
        long width = x.shape[1] / heads;
        Tensor all = Linear(qkv, SpatialAttention.Positions(norm.call(x)));
        Tensor[] split = splitsFirst
            ? all.unflatten(2, [3, heads, width]).unbind(2)
            : all.unflatten(2, [heads, 3, width]).unbind(3);
        Tensor attended = Linear(projection, DotProductAttention.Of(split[0], split[1], split[2], execution.Attention));

        // In this order the sum has the strides of x; normalisations and convolutions are slow on those of the other.
        return (x + SpatialAttention.Image(attended, x.shape[2], x.shape[3])).MoveToOuterDisposeScope();
    }

    // A convolution of width 1 is a linear map of each position.
    private static Tensor Linear(Conv1d conv, Tensor positions) => nn.functional.linear(positions, conv.weight.squeeze(2), conv.bias);
}
