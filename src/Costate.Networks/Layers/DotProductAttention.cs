using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Attention of queries to keys and values, with scores divided by the square root of a head's width.</summary>
internal static class DotProductAttention
{
    /// <summary>
    /// Attends: q [batch, positions, heads, width], k and v [batch, others, heads, width]; the result is [batch, positions, heads x width].
    /// </summary>
    /// <param name="q">Queries.</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    /// <param name="kind">The way to compute it.</param>
    /// <param name="causal">Whether a position sees itself and those before it alone.</param>
    /// <param name="bias">What is added to the scores, of a shape that fits [batch, heads, positions, others]; null for nothing.</param>
    internal static Tensor Of(
        Tensor q, Tensor k, Tensor v, AttentionKind kind = AttentionKind.Fused, bool causal = false, Tensor? bias = null)
    {
        using DisposeScope scope = NewDisposeScope();
        (q, k, v) = (q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2));
        Tensor attended = kind == AttentionKind.Fused
            ? nn.functional.scaled_dot_product_attention(q, k, v, bias, is_casual: causal)
            : Products(q, k, v, causal, bias);
        return attended.transpose(1, 2).flatten(2).MoveToOuterDisposeScope();
    }

    /// <summary>The same in 32 bits, for networks of 16 whose scores exceed their range.</summary>
    internal static Tensor InSingle(Tensor q, Tensor k, Tensor v, AttentionKind kind)
    {
        using DisposeScope scope = NewDisposeScope();
        return Of(q.to(ScalarType.Float32), k.to(ScalarType.Float32), v.to(ScalarType.Float32), kind).to(q.dtype).MoveToOuterDisposeScope();
    }

    // All are [batch, heads, positions, width].
    private static Tensor Products(Tensor q, Tensor k, Tensor v, bool causal, Tensor? bias)
    {
        Tensor scaled = q * (1 / Math.Sqrt(q.shape[3]));
        Tensor scores = scaled.flatten(0, 1).bmm(k.flatten(0, 1).transpose(1, 2));
        if (bias is not null)
        {
            scores = (scores.unflatten(0, q.shape[..2]) + bias).flatten(0, 1);
        }

        if (causal)
        {
            using Scalar never = double.NegativeInfinity;
            scores = scores.masked_fill(ones(scores.shape[1], scores.shape[2], dtype: ScalarType.Bool, device: q.device).triu(1), never);
        }

        return scores.softmax(-1).bmm(v.flatten(0, 1)).unflatten(0, q.shape[..2]);
    }
}
