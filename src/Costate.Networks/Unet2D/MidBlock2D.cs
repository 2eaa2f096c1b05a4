using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>The coarsest level: two residual blocks, with attention between them or none.</summary>
internal sealed class MidBlock2D : NetworkBlock
{
    private readonly ModuleList<ResnetBlock2D> resnets;
    private readonly ModuleList<Attention2D>? attentions;

    internal MidBlock2D(UNet2DConfig config, ResnetOptions options)
        : base(nameof(MidBlock2D))
    {
        int channels = config.BlockOutChannels[^1];
        ResnetOptions scaled = options with { OutputScale = config.MidBlockScaleFactor };
        register_module(
            "resnets",
            resnets = nn.ModuleList<ResnetBlock2D>(
                new ResnetBlock2D(channels, channels, scaled),
                new ResnetBlock2D(channels, channels, scaled)));
        if (config.AddAttention)
        {
            int? groups = config.AttnNormNumGroups ?? (options.ScaleShift ? null : config.NormNumGroups);
            register_module("attentions", attentions = nn.ModuleList<Attention2D>(
                new Attention2D(channels, config.AttentionHeadDim, groups, config.NormEps, config.MidBlockScaleFactor)));
        }
    }

    /// <summary>A new tensor of the shape of x.</summary>
    internal Tensor Forward(Tensor x, Tensor activatedTime)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = resnets[0].Forward(x, activatedTime);
        if (attentions is not null)
        {
            hidden = attentions[0].Forward(hidden);
        }

        return resnets[1].Forward(hidden, activatedTime).MoveToOuterDisposeScope();
    }
}
