using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Finds the items of a batch that left all bounds, and keeps them from disturbing the others.</summary>
internal sealed class DivergenceWatch(int batch)
{
    private readonly DivergedItem?[] diverged = new DivergedItem?[batch];

    internal IReadOnlyList<DivergedItem> Items => [.. diverged.OfType<DivergedItem>()];

    /// <summary>
    /// A handle to the tensor itself, or, once items have diverged, a copy in which those are replaced by the stand-in: finite numbers of no
    /// meaning, so that the network and the loss go on for the other items.
    /// </summary>
    internal Tensor Replace(Tensor x, Tensor standIn, double bound, int step, double time)
    {
        if (Array.TrueForAll(diverged, d => d is null) && IsWithin(x, bound))
        {
            return x.alias();
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor largest = x.reshape(batch, -1).abs().amax([1L]).to(ScalarType.Float64).cpu();
        foreach ((double value, int item) in largest.data<double>().Select((value, item) => (value, item)))
        {
            // A NaN is not within bounds either.
            if (!(value <= bound))
            {
                diverged[item] ??= new DivergedItem(item, step, time);
            }
        }

        return (Array.TrueForAll(diverged, d => d is null) ? x.alias() : where(Mask(x), standIn, x)).MoveToOuterDisposeScope();
    }

    /// <summary>The same with NaN for the items that diverged.</summary>
    internal Tensor WithNaN(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        using Scalar nan = double.NaN;
        return (Items.Count == 0 ? x.alias() : x.masked_fill(Mask(x), nan)).MoveToOuterDisposeScope();
    }

    // One reduction for all items.
    private static bool IsWithin(Tensor x, double bound)
    {
        using Tensor largest = linalg.vector_norm(x, double.PositiveInfinity);
        return largest.ToDouble() <= bound;
    }

    private Tensor Mask(Tensor like) =>
        tensor([.. diverged.Select(d => d is not null)], device: like.device).reshape([batch, .. Enumerable.Repeat(1L, (int)like.dim() - 1)]);
}
