using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>The encoder of a diffusion autoencoder: from an image to one vector.</summary>
internal sealed class SemanticEncoder : NetworkBlock
{
    private readonly WayDown down;
    private readonly Stage middle;
    private readonly GroupNorm norm;
    private readonly Conv2d projection;

    internal SemanticEncoder(DiffusionAutoencoderConfig config, Device? device)
        : base(nameof(SemanticEncoder))
    {
        var options = new BlockOptions(TimeChannels: null, config.EncOutChannels, config.Dropout, BeginsAtZero: false, device);
        var builder = new StageBuilder(config, options, config.EncAttnResolutions ?? config.AttentionResolutions);
        IReadOnlyList<int> multipliers = config.EncChannelMult ?? config.ChannelMult;
        down = new WayDown(config, builder, multipliers, multipliers[0], config.EncNumResBlock, device);
        middle = builder.Middle(down.Channels);
        norm = GroupNormalization.Of(down.Channels, device);
        projection = nn.Conv2d(down.Channels, config.EncOutChannels, 1, device: device);
        if (config.EncPool == "adaptive")
        {
            Zero.Parameters(projection);
        }

        register_module("input_blocks", down.Modules);
        register_module("middle_block", middle);
        register_module("out", new NamedLayers(("0", norm), ("3", projection)));
    }

    /// <summary>The code [batch, width] of images [batch, channels, height, width].</summary>
    internal Tensor Forward(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = middle.Forward(down.LastState(x), conditions: null);
        Tensor pooled = Activation.Silu.Apply(norm.call(hidden)).mean([2, 3], keepdim: true);
        return projection.Apply(pooled).flatten(1).MoveToOuterDisposeScope();
    }
}
