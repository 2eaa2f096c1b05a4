using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// A level on the way up: residual blocks of the state and one kept on the way down, each with attention or none, then twice the resolution
/// but on the last level.
/// </summary>
internal sealed class UpBlock2D : NetworkBlock
{
    private readonly ModuleList<ResnetBlock2D> resnets;
    private readonly ModuleList<Attention2D>? attentions;
    private readonly ModuleList<Upsample2D>? upsamplers;

    /// <param name="config">The network's configuration.</param>
    /// <param name="index">Its place on the way up, 0 for the coarsest level.</param>
    /// <param name="options">The options of its residual blocks.</param>
    /// <param name="keptChannels">Channels of the states kept on the way down, which it takes off.</param>
    internal UpBlock2D(UNet2DConfig config, int index, ResnetOptions options, Stack<int> keptChannels)
        : base(nameof(UpBlock2D))
    {
        int levels = config.BlockOutChannels.Count;
        int channels = config.BlockOutChannels[levels - 1 - index];
        int inChannels = config.BlockOutChannels[Math.Min(levels - index, levels - 1)];
        register_module(
            "resnets",
            resnets = nn.ModuleList([
                .. Enumerable
                    .Range(0, config.LayersPerBlock + 1)
                    .Select(i => new ResnetBlock2D((i == 0 ? inChannels : channels) + keptChannels.Pop(), channels, options)),
            ]));
        if (config.UpBlockTypes[index] == "AttnUpBlock2D")
        {
            register_module(
                "attentions",
                attentions = nn.ModuleList([
                    .. resnets.Select(_ => new Attention2D(
                        channels,
                        config.AttentionHeadDim,
                        config.NormNumGroups,
                        config.NormEps,
                        outputScale: 1)),
                ]));
        }

        if (index < levels - 1)
        {
            register_module("upsamplers", upsamplers = nn.ModuleList<Upsample2D>(new Upsample2D(channels)));
        }
    }

    /// <summary>A new tensor; x and the kept states that it takes off are disposed as soon as they are used.</summary>
    internal Tensor Forward(Tensor x, Stack<Tensor> kept, Tensor activatedTime)
    {
        Tensor hidden = x;
        for (int i = 0; i < resnets.Count; i++)
        {
            Tensor joined;
            using (Tensor skip = kept.Pop())
            using (hidden)
            {
                joined = cat([hidden, skip], 1);
            }

            using (joined)
            {
                hidden = resnets[i].Forward(joined, activatedTime);
            }

            if (attentions is not null)
            {
                using Tensor input = hidden;
                hidden = attentions[i].Forward(input);
            }
        }

        if (upsamplers is null)
        {
            return hidden;
        }

        using (hidden)
        {
            return upsamplers[0].Forward(hidden);
        }
    }
}
