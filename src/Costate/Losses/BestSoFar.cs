using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>What has had the lowest objective so far, item by item. Owns its tensors.</summary>
internal sealed class BestSoFar : IDisposable
{
    private Tensor? objective;
    private Tensor[] values = [];

    /// <summary>The values of the best, in the order in which they are given.</summary>
    internal IReadOnlyList<Tensor> Values => values;

    /// <summary>
    /// Takes those items whose objective is lower than all before, and the first time, all. NaN is higher than any number.
    /// </summary>
    /// <param name="now">The objective, [batch].</param>
    /// <param name="of">What belongs to it: [batch, ...], or with further dimensions before the batch's where
    /// <paramref name="batchDimension"/> says so.</param>
    /// <param name="batchDimension">The dimension of the batch in each.</param>
    /// <param name="items">Which items they are of, in place of all; not the first time.</param>
    internal void Take(Tensor now, Tensor[] of, int[]? batchDimension = null, int[]? items = null)
    {
        using DisposeScope scope = NewDisposeScope();
        now = now.nan_to_num(nan: double.PositiveInfinity, posinf: double.PositiveInfinity, neginf: double.NegativeInfinity);
        if (items is not null)
        {
            Tensor numbers = tensor(items.Select(item => (long)item).ToArray(), device: now.device);
            now = objective!.clone().index_copy_(0, numbers, now);
            of = [.. of.Select((value, i) => values[i].clone().index_copy_(batchDimension?[i] ?? 0, numbers, value))];
        }

        Tensor? better = objective is null ? null : now.less(objective);
        Tensor[] kept = better is null
            ? [.. of.Select(value => value.clone())]
            : [.. of.Select((value, i) => where(Mask(better, value, batchDimension?[i] ?? 0), value, values[i]))];
        Tensor lowest = better is null ? now.clone() : where(better, now, objective!);
        Dispose();
        (objective, values) = (lowest.DetachFromDisposeScope(), [.. kept.Select(value => value.DetachFromDisposeScope())]);
    }

    public void Dispose()
    {
        objective?.Dispose();
        Array.ForEach(values, value => value.Dispose());
    }

    private static Tensor Mask(Tensor better, Tensor like, int batchDimension) =>
        better.reshape([-1, .. Enumerable.Repeat(1L, (int)like.dim() - 1 - batchDimension)]);
}
