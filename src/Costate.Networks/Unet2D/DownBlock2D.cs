using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// A level on the way down: residual blocks, each with attention or none, then half the resolution but on the last level.
/// </summary>
internal sealed class DownBlock2D : NetworkBlock
{
    private readonly ModuleList<ResnetBlock2D> resnets;
    private readonly ModuleList<Attention2D>? attentions;
    private readonly ModuleList<Downsample2D>? downsamplers;

    internal DownBlock2D(UNet2DConfig config, int level, ResnetOptions options)
        : base(nameof(DownBlock2D))
    {
        int channels = config.BlockOutChannels[level];
        int inChannels = config.BlockOutChannels[Math.Max(level - 1, 0)];
        register_module(
            "resnets",
            resnets = nn.ModuleList([
                .. Enumerable
                    .Range(0, config.LayersPerBlock)
                    .Select(i => new ResnetBlock2D(i == 0 ? inChannels : channels, channels, options)),
            ]));
        if (config.DownBlockTypes[level] == "AttnDownBlock2D")
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

        if (level < config.BlockOutChannels.Count - 1)
        {
            register_module(
                "downsamplers",
                downsamplers = nn.ModuleList<Downsample2D>(new Downsample2D(channels, config.DownsamplePadding)));
        }
    }

    /// <summary>Pushes each of its states on those kept for the way up, on top of which it finds its input.</summary>
    internal void Forward(Stack<Tensor> kept, Tensor activatedTime)
    {
        for (int i = 0; i < resnets.Count; i++)
        {
            Tensor hidden = resnets[i].Forward(kept.Peek(), activatedTime);
            if (attentions is not null)
            {
                using Tensor input = hidden;
                hidden = attentions[i].Forward(input);
            }

            kept.Push(hidden);
        }

        if (downsamplers is not null)
        {
            kept.Push(downsamplers[0].Forward(kept.Peek()));
        }
    }
}
