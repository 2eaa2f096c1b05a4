namespace Costate.Networks;

/// <summary>Makes the levels of a <see cref="UNet2DConditionModel"/> from its configuration.</summary>
internal sealed class UNet2DConditionParts
{
    private readonly UNet2DConditionConfig config;
    private readonly ResnetOptions resnet;
    private readonly TransformerOptions transformer;

    internal UNet2DConditionParts(UNet2DConditionConfig config, Execution execution, Activation activation)
    {
        this.config = config;
        resnet = new ResnetOptions(
            execution,
            config.TimeChannels,
            config.NormNumGroups,
            config.NormEps,
            config.ResnetTimeScaleShift == "scale_shift",
            activation,
            config.Dropout);
        transformer = new TransformerOptions(execution, config.NormNumGroups, config.UseLinearProjection, config.UpcastAttention);
    }

    private int Levels => config.BlockOutChannels.Count;

    internal IEnumerable<DownBlock2D> DownBlocks() => Enumerable.Range(0, Levels).Select(level => new DownBlock2D(
        config.BlockOutChannels[Math.Max(level - 1, 0)],
        config.BlockOutChannels[level],
        Layers(level),
        resnet,
        config.DownBlockTypes[level] == "CrossAttnDownBlock2D" ? () => Attention(level, onlyContext: OnlyContext(level)) : null,
        level < Levels - 1 ? config.DownsamplePadding : null));

    internal MidBlock2D MidBlock() => new(
        config.BlockOutChannels[^1],
        resnet with { OutputScale = config.MidBlockScaleFactor },
        () => Attention(Levels - 1, onlyContext: false));

    internal IEnumerable<UpBlock2D> UpBlocks()
    {
        Stack<int> kept = DownBlock2D.KeptChannels(config.BlockOutChannels, [.. Enumerable.Range(0, Levels).Select(Layers)]);
        for (int index = 0; index < Levels; index++)
        {
            int level = Levels - 1 - index;
            yield return new UpBlock2D(
                config.BlockOutChannels[Math.Min(level + 1, Levels - 1)],
                config.BlockOutChannels[level],
                Layers(level) + 1,
                resnet,
                kept,
                config.UpBlockTypes[index] == "CrossAttnUpBlock2D" ? () => Attention(level, onlyContext: OnlyContext(level)) : null,
                upsamples: index < Levels - 1);
        }
    }

    private int Layers(int level) => UNet2DConditionConfig.Of(config.LayersPerBlock, level);

    private bool OnlyContext(int level) => UNet2DConditionConfig.Of(config.OnlyCrossAttention, level);

    private Transformer2D Attention(int level, bool onlyContext) => new(
        transformer,
        config.BlockOutChannels[level],
        UNet2DConditionConfig.Of(config.AttentionHeadDim, level),
        UNet2DConditionConfig.Of(config.TransformerLayersPerBlock, level),
        config.CrossAttentionDim[0],
        onlyContext);
}
