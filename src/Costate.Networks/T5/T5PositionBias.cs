using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>What T5 adds to the scores of two tokens for their distance: a number for each class of distances and each head (Raffel et al.
/// 2020, section 2.1). All layers add the same.</summary>
internal sealed class T5PositionBias(T5EncoderConfig config, Device? device)
{
    /// <summary>The numbers, [classes, heads].</summary>
    internal EmbeddingTable Table { get; } = new(config.RelativeAttentionNumBuckets, config.NumHeads, device);

    /// <summary>[1, heads, tokens, tokens], to be added to the scores.</summary>
    internal Tensor Of(long tokens)
    {
        using DisposeScope scope = NewDisposeScope();
        return Table.Forward(Classes(tokens)).permute(2, 0, 1).unsqueeze(0).MoveToOuterDisposeScope();
    }

    // [tokens, tokens], of a query and a key. Short distances have a class each, longer ones share them by their logarithm; which it is at
    // the edge of two is a matter of rounding, hence in 32 bits and in this order, as published.
    private Tensor Classes(long tokens)
    {
        Tensor places = arange(tokens, ScalarType.Int64, Table.Weight.device);
        Tensor ahead = places.unsqueeze(0) - places.unsqueeze(1);
        int ofDirection = config.RelativeAttentionNumBuckets / 2, shortest = ofDirection / 2;
        Tensor distance = ahead.abs();
        Tensor logarithm = distance.clamp_min(1).to(ScalarType.Float32).div(shortest).log()
            .div_(Math.Log((double)config.RelativeAttentionMaxDistance / shortest)).mul_(ofDirection - shortest);
        Tensor far = (logarithm.to(ScalarType.Int64) + shortest).clamp_max(ofDirection - 1);
        return ahead.gt(0).to(ScalarType.Int64).mul_(ofDirection).add_(where(distance.lt(shortest), distance, far));
    }
}
