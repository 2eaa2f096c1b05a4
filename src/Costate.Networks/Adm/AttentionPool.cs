using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>An image as one vector: what its mean attends to among the positions (Radford et al. 2021).</summary>
internal sealed class AttentionPool : WeightLayer
{
    private readonly Execution execution;
    private readonly int heads;
    private readonly Conv1d qkv;
    private readonly Conv1d projection;

    internal AttentionPool(AdmConfig config, Execution execution, int side, int channels)
        : base(
            nameof(AttentionPool),
            randn(channels, (side * side) + 1, device: execution.Device).div_(Math.Sqrt(channels)),
            "positional_embedding")
    {
        (this.execution, heads) = (execution, config.NumHeadChannels == -1 ? 1 : channels / config.NumHeadChannels);
        register_module("qkv_proj", qkv = nn.Conv1d(channels, 3 * channels, 1, device: execution.Device));
        register_module("c_proj", projection = nn.Conv1d(channels, config.OutChannels, 1, device: execution.Device));
    }

    /// <summary>[batch, out] of an image [batch, channels, side, side].</summary>
    internal Tensor Forward(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor positions = SpatialAttention.Positions(x);
        Tensor all = cat([positions.mean([1], keepdim: true), positions], 1) + Weight.transpose(0, 1);
        Tensor[] split = Map(qkv, all).unflatten(2, [3, heads, -1]).unbind(2);
        Tensor attended = DotProductAttention.Of(split[0].narrow(1, 0, 1), split[1], split[2], execution.Attention);
        return Map(projection, attended).squeeze(1).MoveToOuterDisposeScope();
    }

    // A convolution of width 1 is a linear map of each position.
    private static Tensor Map(Conv1d conv, Tensor positions) => nn.functional.linear(positions, conv.weight.squeeze(2), conv.bias);
}
