using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>The encoder or the decoder of an autoencoder: a convolution, levels and a middle block, a normalised convolution.</summary>
internal sealed class Codec : NetworkBlock
{
    private const double Eps = 1e-6;

    private readonly bool midFirst;
    private readonly Conv2d convIn;
    private readonly ModuleList<CodecLevel> levels;
    private readonly MidBlock2D midBlock;
    private readonly GroupNorm normOut;
    private readonly Conv2d convOut;

    private Codec(
        string name,
        int inChannels,
        int outChannels,
        AutoencoderKLConfig config,
        Execution execution,
        bool midFirst,
        IReadOnlyList<int> channels)
        : base(name)
    {
        this.midFirst = midFirst;
        var options = new ResnetOptions(
            execution, TimeChannels: null, config.NormNumGroups, Eps, ScaleShift: false, Activation.Named(config.ActFn));
        register_module("conv_in", convIn = nn.Conv2d(inChannels, channels[0], 3, padding: 1, device: execution.Device));
        CodecLevel Level(int index) => new(
            channels[Math.Max(index - 1, 0)],
            channels[index],
            config.LayersPerBlock + (midFirst ? 1 : 0),
            options,
            halves: !midFirst && index < channels.Count - 1,
            doubles: midFirst && index < channels.Count - 1);
        levels = nn.ModuleList([.. Enumerable.Range(0, channels.Count).Select(Level)]);
        register_module(midFirst ? "up_blocks" : "down_blocks", levels);

        // One head, as wide as the image.
        int width = config.BlockOutChannels[^1];
        Attention2D Attention() => new(execution, width, headWidth: null, config.NormNumGroups, Eps, outputScale: 1);
        register_module("mid_block", midBlock = new MidBlock2D(width, options, config.MidBlockAddAttention ? Attention : null));
        register_module("conv_norm_out", normOut = Normalization.Groups(config.NormNumGroups, channels[^1], Eps, execution.Device));
        register_module("conv_out", convOut = nn.Conv2d(channels[^1], outChannels, 3, padding: 1, device: execution.Device));
    }

    /// <summary>From images to mean and logarithm of the variance of latents, joined.</summary>
    internal static Codec Encoder(AutoencoderKLConfig config, Execution execution) => new(
        nameof(Encoder), config.InChannels, 2 * config.LatentChannels, config, execution, midFirst: false, config.BlockOutChannels);

    /// <summary>From latents to images.</summary>
    internal static Codec Decoder(AutoencoderKLConfig config, Execution execution)
    {
        int[] fromCoarsest = [.. config.BlockOutChannels.Reverse()];
        return new(nameof(Decoder), config.LatentChannels, config.OutChannels, config, execution, midFirst: true, fromCoarsest);
    }

    /// <summary>A new tensor [batch, out, height, width].</summary>
    internal Tensor Forward(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = convIn.Apply(x);
        if (midFirst)
        {
            hidden = Middle(hidden);
        }

        foreach (CodecLevel level in levels)
        {
            hidden = level.Forward(hidden);
        }

        if (!midFirst)
        {
            hidden = Middle(hidden);
        }

        return convOut.Apply(Activation.Silu.Apply(normOut.call(hidden))).MoveToOuterDisposeScope();
    }

    private Tensor Middle(Tensor x)
    {
        using (x)
        {
            return midBlock.Forward(x, null);
        }
    }
}
