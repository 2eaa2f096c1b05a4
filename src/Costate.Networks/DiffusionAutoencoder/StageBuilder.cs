namespace Costate.Networks;

/// <summary>Makes the stages of the U-Net, or of the encoder.</summary>
internal sealed class StageBuilder(DiffusionAutoencoderConfig config, BlockOptions options, IReadOnlyList<int> attentionResolutions)
{
    /// <summary>A residual block, then attention where the resolution has it, then what <paramref name="last"/> gives.</summary>
    internal Stage Block(int inChannels, int outChannels, int resolution, int heads, StageLayer? last = null)
    {
        List<StageLayer> layers = [new ConditionalBlock(inChannels, outChannels, options)];
        if (attentionResolutions.Contains(resolution))
        {
            layers.Add(Attention(outChannels, heads));
        }

        if (last is not null)
        {
            layers.Add(last);
        }

        return new Stage(layers);
    }

    /// <summary>The coarsest level: two residual blocks with attention between them.</summary>
    internal Stage Middle(int channels) => new(
        new ConditionalBlock(channels, channels, options),
        Attention(channels, config.NumHeads),
        new ConditionalBlock(channels, channels, options));

    /// <summary>A change of resolution.</summary>
    internal StageLayer Resample(int channels, Resampling resampling) => config.ResblockUpdown
        ? new ConditionalBlock(channels, channels, options, resampling)
        : new ResamplingLayer(resampling, channels, config.ConvResample, options.Device);

    private QkvAttention Attention(int channels, int heads) => new(
        channels,
        config.NumHeadChannels == -1 ? heads : channels / config.NumHeadChannels,
        config.UseNewAttentionOrder,
        new Execution(options.Device));
}
