using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>The embedding of a time, and of the size of the picture and the ratio of its sides where the network is told them.</summary>
internal sealed class TimeSizeEmbedding : NetworkBlock
{
    private const int Features = 256;

    private readonly TimestepEmbedding times;
    private readonly TimestepEmbedding? sizes;
    private readonly TimestepEmbedding? ratios;

    internal TimeSizeEmbedding(int width, bool hasSizes, Device? device)
        : base(nameof(TimeSizeEmbedding))
    {
        register_module("timestep_embedder", times = new TimestepEmbedding(Features, width, device));
        if (hasSizes)
        {
            // Two of three for height and width.
            register_module("resolution_embedder", sizes = new TimestepEmbedding(Features, width / 3, device));
            register_module("aspect_ratio_embedder", ratios = new TimestepEmbedding(Features, width / 3, device));
        }
    }

    /// <summary>[batch, width] of steps [batch], heights and widths [batch, 2] and ratios [batch, 1].</summary>
    internal Tensor Forward(Tensor time, Tensor? resolution, Tensor? ratio)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor embedded = Of(times, time);
        return (sizes is null ? embedded : embedded + cat([Of(sizes, resolution!), Of(ratios!, ratio!)], 1)).MoveToOuterDisposeScope();
    }

    private static Tensor Of(TimestepEmbedding embedding, Tensor values) => embedding
        .Forward(TimestepFeatures.Of(values.flatten(), Features, cosFirst: true, frequencyShift: 0))
        .reshape(values.shape[0], -1);
}
