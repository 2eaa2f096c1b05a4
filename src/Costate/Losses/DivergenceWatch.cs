using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Finds the items of a batch that left all bounds, and keeps them from disturbing the others.</summary>
/// <param name="batch">Items.</param>
/// <param name="dtype">That of the network, whose range bounds what it can be given.</param>
/// <param name="bound">The largest entry of a state, in units of the larger of 1 and its scale.</param>
internal sealed class DivergenceWatch(int batch, ScalarType dtype, double bound = DivergenceWatch.DefaultBound)
{
    internal const double DefaultBound = 1000;

    // The largest number of float16, and that whose square is: beyond it a network that squares its input answers infinity.
    private const double LargestHalf = 65504;
    private const double LargestHalfToSquare = 255.9;

    private readonly DivergedItem?[] diverged = new DivergedItem?[batch];

    internal IReadOnlyList<DivergedItem> Items => [.. diverged.OfType<DivergedItem>()];

    internal bool HasAll => Array.TrueForAll(diverged, d => d is not null);

    internal bool HasNone => Array.TrueForAll(diverged, d => d is null);

    /// <summary>
    /// A handle to the tensor itself, or, once items have diverged, a copy in which those are replaced by the stand-in: finite numbers of
    /// no meaning, so that the network and the loss go on for the other items.
    /// </summary>
    internal Tensor Replace(Tensor x, Func<Tensor> standIn, double scale, int step, double time)
    {
        double most = Largest(scale);
        if (HasNone && IsWithin(x, most))
        {
            return x.alias();
        }

        using DisposeScope scope = NewDisposeScope();
        Mark(x.reshape(batch, -1).abs().amax([1L]), value => value <= most, step, time);
        return (HasNone ? x.alias() : where(Mask(x), standIn(), x)).MoveToOuterDisposeScope();
    }

    /// <summary>The same of a state of a run, with its start, scaled, as the stand-in.</summary>
    internal Tensor Replace(SamplingRun run, Tensor x, double sigma, int step, double time) =>
        Replace(x, () => run.Start.Times(sigma / run.Schedule.Sigma(run.Grid.Start)), sigma, step, time);

    /// <summary>
    /// A handle to the tensor itself, or, once items have diverged, a copy in which those are 0. Those with an entry that is not finite
    /// diverge here. Autograd follows.
    /// </summary>
    internal Tensor Kept(Tensor x, int step, double time)
    {
        if (HasNone && Finite.Is(x))
        {
            return x.alias();
        }

        using DisposeScope scope = NewDisposeScope();
        Mark(x.detach().reshape(batch, -1).to(ScalarType.Float64).sum([1L]), double.IsFinite, step, time);
        return (HasNone ? x.alias() : where(Mask(x), zeros_like(x, requires_grad: false), x)).MoveToOuterDisposeScope();
    }

    /// <summary>The same with NaN for the items that diverged.</summary>
    internal Tensor WithNaN(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        using Scalar nan = double.NaN;
        return (HasNone ? x.alias() : x.masked_fill(Mask(x), nan)).MoveToOuterDisposeScope();
    }

    /// <summary>Admits the network's answers in an iteration of an optimisation: those of items that are not finite become 0.</summary>
    internal Func<SamplingRun, EvaluationPoint, Tensor, Tensor> InIteration(int iteration) =>
        (_, at, output) => Kept(output, iteration, at.Time);

    /// <summary>The same in a step of guidance from a time.</summary>
    internal Func<SamplingRun, EvaluationPoint, Tensor, Tensor> InStep(int step, double time) => (run, at, output) =>
    {
        Tensor kept = Kept(output, step, time);

        // Where the first answer of all is a number for no item, the network is at fault and no guidance.
        if (HasAll && run.Meter.Predictions == 1)
        {
            Finite.CheckOutput(output, at, run.FirstItem);
        }

        return kept;
    };

    private double Largest(double scale) => dtype == ScalarType.Float16
        ? Math.Min(LargestHalf, Math.Min(bound, LargestHalfToSquare) * Math.Max(1, scale))
        : bound * Math.Max(1, scale);

    // One reduction for all items, which takes a third of the time of the norm. A NaN is not within bounds either.
    private static bool IsWithin(Tensor x, double most)
    {
        using Tensor sizes = x.abs(), largest = sizes.max();
        return largest.ToDouble() <= most;
    }

    private void Mark(Tensor values, Func<double, bool> isFine, int step, double time)
    {
        foreach ((int item, double value) in values.to(ScalarType.Float64).cpu().data<double>().ToArray().Index())
        {
            if (!isFine(value))
            {
                diverged[item] ??= new DivergedItem(item, step, time);
            }
        }
    }

    private Tensor Mask(Tensor like) =>
        tensor([.. diverged.Select(d => d is not null)], device: like.device)
            .reshape([batch, .. Enumerable.Repeat(1L, (int)like.dim() - 1)]);
}
