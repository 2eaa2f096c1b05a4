using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>The way down, the middle and the way up of guided-diffusion's networks.</summary>
internal sealed class AdmParts
{
    private readonly AdmConfig config;
    private readonly Execution execution;
    private readonly Stack<int> kept = new();
    private int channels;
    private int shrunk = 1;

    internal AdmParts(AdmConfig config, Execution execution)
    {
        (this.config, this.execution) = (config, execution);
        channels = config.ChannelMult[0] * config.ModelChannels;
        First = nn.Conv2d(config.InChannels, channels, 3, padding: 1, device: execution.Device);
        kept.Push(channels);
        var down = new List<Stage>();
        for (int level = 0; level < config.ChannelMult.Count; level++)
        {
            for (int i = 0; i < config.NumResBlocks; i++)
            {
                down.Add(Block(level, channels, config.NumHeads));
                kept.Push(channels);
            }

            if (level < config.ChannelMult.Count - 1)
            {
                down.Add(new Stage(Resampled(Resampling.Down)));
                kept.Push(channels);
                shrunk *= 2;
            }
        }

        Down = down;
        Middle = new Stage(
            new AdmBlock(config, execution, channels, channels),
            Attention(config.NumHeads),
            new AdmBlock(config, execution, channels, channels));
    }

    /// <summary>The first convolution.</summary>
    internal Conv2d First { get; }

    /// <summary>What follows it on the way down.</summary>
    internal IReadOnlyList<Stage> Down { get; }

    /// <summary>The coarsest level.</summary>
    internal Stage Middle { get; }

    /// <summary>Channels of the last stage that was made.</summary>
    internal int Channels => channels;

    /// <summary>Side of its images.</summary>
    internal int Side => config.ImageSize / shrunk;

    /// <summary>What to register as <c>input_blocks</c>.</summary>
    internal ModuleList<nn.Module> Inputs => new([nn.ModuleList<nn.Module>(First), .. Down]);

    /// <summary>Makes the way up.</summary>
    internal List<Stage> Up()
    {
        var up = new List<Stage>();
        for (int level = config.ChannelMult.Count - 1; level >= 0; level--)
        {
            for (int i = 0; i <= config.NumResBlocks; i++)
            {
                bool doubles = level > 0 && i == config.NumResBlocks;
                int heads = config.NumHeadsUpsample == -1 ? config.NumHeads : config.NumHeadsUpsample;
                up.Add(Block(level, channels + kept.Pop(), heads, doubles));
                shrunk = doubles ? shrunk / 2 : shrunk;
            }
        }

        return up;
    }

    // A residual block, attention where this resolution has it, and a doubling.
    private Stage Block(int level, int input, int heads, bool doubles = false)
    {
        channels = config.ChannelMult[level] * config.ModelChannels;
        List<StageLayer> layers = [new AdmBlock(config, execution, input, channels)];
        if (config.AttentionResolutions.Contains(shrunk))
        {
            layers.Add(Attention(heads));
        }

        if (doubles)
        {
            layers.Add(Resampled(Resampling.Up));
        }

        return new Stage(layers);
    }

    private StageLayer Resampled(Resampling resampling) => config.ResblockUpdown
        ? new AdmBlock(config, execution, channels, channels, resampling)
        : new ResamplingLayer(resampling, channels, config.ConvResample, execution.Device);

    private QkvAttention Attention(int heads) => new(
        channels,
        config.NumHeadChannels == -1 ? heads : channels / config.NumHeadChannels,
        config.UseNewAttentionOrder,
        execution);
}
