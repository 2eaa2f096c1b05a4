using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The graphs of the last evaluations of a run, kept while they fit a budget. What does not fit is evaluated again when its turn comes.
/// </summary>
/// <remarks>
/// A graph is kept only if all evaluations after it would fit as well, at what the latest graph took: the graphs of the last evaluations
/// are those that the backward sweep frees first. The first two evaluations are kept whether they fit or not, since the first of a process
/// allocates much that stays; the second is measured only where that matters, for glibc takes its time to count.
/// </remarks>
internal sealed class KeptGraphs : IDisposable
{
    private const int Measured = 2;

    // So little is kept without asking what is free, which takes a millisecond.
    private const long Little = 32 << 20;

    private readonly SamplingRun run;
    private readonly GraphBudget budget;
    private readonly LinkedList<(int Row, VectorJacobianProduct Product, long Size)> kept = [];
    private readonly bool any;
    private long allowed;
    private long? usedWhenAsked;
    private long used;
    private long each = 1;
    private int made;

    internal KeptGraphs(SamplingRun run, GraphBudget budget)
    {
        (this.run, this.budget) = (run, budget);
        any = budget.Allows(run.Start.device_type);
        allowed = any ? Math.Min(budget.Size, budget.IsMeasured ? Little : long.MaxValue) : 0;
    }

    /// <summary>How many are kept.</summary>
    internal int Count => kept.Count;

    /// <summary>How many more there is room for, as far as is known.</summary>
    internal int Room => any ? (int)Math.Min((allowed - used) / each, int.MaxValue) : 0;

    private bool IsMeasuring => budget.IsMeasured && made < Measured;

    /// <summary>
    /// The network's output at a row, whose graph is kept if it fits, in the dispose scope outside of the present one.
    /// </summary>
    /// <param name="row">The row.</param>
    /// <param name="x">Its state.</param>
    /// <param name="left">How many evaluations with a gradient are left, this one included.</param>
    internal Tensor Evaluate(int row, Tensor x, int left)
    {
        AskWhereNeeded(left);
        DropUntilRoomFor(left);
        EvaluationPoint at = run.Table.Rows[row].At;
        if (!any || (Room < left && !IsMeasuring))
        {
            return run.Evaluate(x, at);
        }

        // Where there is room for many times as much, what each one takes is of no interest.
        bool measures = budget.IsMeasured && (made == 0 || Room < 4 * left);
        long before = measures ? MachineMemory.Allocated() : 0;
        VectorJacobianProduct product = run.Linearize(x, at);
        product.Again = () => run.Linearize(product.X.detach(), at);
        Tensor output = product.Output.detach();
        if (measures)
        {
            each = Math.Max(MachineMemory.Allocated() - before, output.numel() * output.element_size());
        }

        kept.AddLast((row, product.MoveToOuterDisposeScope(), each));
        used += each;
        made++;
        AskWhereNeeded(left - 1);
        DropUntilRoomFor(left - 1);
        run.Meter.Keep(kept.Count, budget.IsMeasured ? used : 0);
        return output;
    }

    /// <summary>The graph of a row, the last one first; null where it was not kept. The caller disposes it.</summary>
    internal VectorJacobianProduct? Take(int row)
    {
        if (kept.Last?.Value is not var (last, product, _) || last != row)
        {
            return null;
        }

        kept.RemoveLast();
        return product;
    }

    public void Dispose()
    {
        foreach ((_, VectorJacobianProduct product, _) in kept)
        {
            product.Dispose();
        }

        kept.Clear();
    }

    // Others fill the machine meanwhile: asked again from time to time.
    private void AskWhereNeeded(int left)
    {
        if (any && budget.IsMeasured && made > 0 && (usedWhenAsked is long before ? used - before > allowed / 16 : Room < left))
        {
            allowed = budget.SizeBeside(used);
            usedWhenAsked = used;
        }
    }

    private void DropUntilRoomFor(int left)
    {
        while (Room < left && kept.First?.Value is var (_, product, size))
        {
            product.Dispose();
            kept.RemoveFirst();
            used -= size;
        }
    }
}
