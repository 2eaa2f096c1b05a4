using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// What a pooled text and numbers about the picture (its size, its crop) add to the time embedding (SDXL; Podell et al. 2023).
/// </summary>
internal sealed class AdditionEmbedding
{
    private readonly int width;
    private readonly UNet2DConditionConfig config;
    private readonly TimestepEmbedding embedding;

    internal AdditionEmbedding(UNet2DConditionConfig config, TimestepEmbedding embedding)
    {
        this.config = config;
        this.embedding = embedding;
        width = config.AdditionTimeEmbedDim!.Value;
    }

    /// <summary>The addition [batch, time channels] of a pooled text [batch, width] and numbers [batch, count].</summary>
    internal Tensor Of(Tensor textEmbeds, Tensor timeIds)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor features = TimestepFeatures.Of(timeIds.flatten(), width, config.FlipSinToCos, config.FreqShift);
        Tensor joined = cat([textEmbeds, features.reshape(timeIds.shape[0], -1).to(textEmbeds.dtype)], 1);
        return embedding.Forward(joined).MoveToOuterDisposeScope();
    }
}
