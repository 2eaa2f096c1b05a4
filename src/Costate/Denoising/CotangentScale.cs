using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Keeps small cotangents from becoming 0 on their way through a network in float16, whose smallest number is 6e-8: they are multiplied by
/// a power of two that brings the largest entry to between 1 and 2, and products are divided by it.
/// </summary>
internal static class CotangentScale
{
    /// <summary>The factor of a cotangent, [batch, 1, ...] or [1, 1, ...]. Lives in the caller's dispose scope.</summary>
    /// <param name="cotangent">[batch, ...].</param>
    /// <param name="perItem">
    /// Each item's own, so that an item does not depend on its batch; products with respect to parameters are sums over items, which need
    /// one for all.
    /// </param>
    internal static Tensor Of(Tensor cotangent, bool perItem)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor sizes = Precision.As(cotangent.detach(), Precision.AtLeastSingle(cotangent.dtype)).abs();
        Tensor largest = sizes.reshape(perItem ? cotangent.size(0) : 1, -1).amax([1L]);
        Tensor factor = where(largest > 0, largest, ones_like(largest)).log2().floor().neg().exp2();
        return factor.reshape([-1, .. Enumerable.Repeat(1L, (int)cotangent.dim() - 1)]).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// A product without the factor of its cotangent. A tensor of its own, with at least 32 bits where there is a factor.
    /// </summary>
    /// <param name="product">[batch, ...], or of any shape where the factor is one for all.</param>
    /// <param name="factor">The factor, or null for 1.</param>
    internal static Tensor Undo(Tensor product, Tensor? factor)
    {
        if (factor is null)
        {
            return product.clone();
        }

        using Tensor shaped = factor.reshape([factor.size(0), .. Enumerable.Repeat(1L, Math.Max(0, (int)product.dim() - 1))]);
        return product / shaped;
    }
}
