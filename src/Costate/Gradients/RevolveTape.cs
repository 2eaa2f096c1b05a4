using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The exact discrete adjoint with few checkpoints. The forward run is the first descent of the recursion on a chain of N + 1
/// steps, whose last step is the loss; it leaves the segments that the backward sweep then reverses, the last one first.
/// </summary>
internal sealed class RevolveTape : StateTape
{
    private readonly TableExecutor executor;
    private readonly KeptEvaluations kept;
    private readonly Stack<Segment> segments = [];
    private readonly Tensor sample;

    // The evaluations from here on are kept as they are.
    private int firstKept = int.MaxValue;

    internal RevolveTape(SamplingRun run, int slots, GraphBudget budget, int? lastSteps = null)
        : base(run, lastSteps)
    {
        kept = new KeptEvaluations(run, budget);
        executor = new TableExecutor(run) { Network = (k, state) => k < firstKept ? EvaluateOnly(k, state) : kept.Evaluate(k, state) };
        int position = FirstEvaluation;
        LiveSet live = executor.Complete(executor.Begin(), end: position);
        LiveSet checkpoint = live.Share();
        int done = Measure(live, position);
        int remaining = firstKept + 1 - position;
        for (int free = slots; remaining > 1; free--)
        {
            int advance = RevolveSchedule.Split(remaining, free);
            segments.Push(new Segment(position, advance, free, Keep(checkpoint)));
            executor.Complete(live, Math.Max(done, position), position + advance);
            position += advance;
            remaining -= advance;
            checkpoint = live.Share();
        }

        checkpoint.Dispose();
        executor.Complete(live, Math.Max(done, position));
        sample = executor.Sample(live).alias();
        live.Dispose();
    }

    internal override Tensor Sample => sample;

    public override void Dispose()
    {
        sample.Dispose();
        kept.Dispose();
        foreach (Segment segment in segments)
        {
            segment.Checkpoint.Dispose();
        }
    }

    internal override void Backward(EvaluationVisitor visit)
    {
        kept.Backward(visit);
        while (segments.TryPeek(out Segment? segment))
        {
            // Off the stack only once it is done with, so that disposing the tape finds it after an exception.
            Reverse(visit, segment);
            segments.Pop();
        }
    }

    // Does the first evaluation with its graph, where graphs are kept, and so finds out how many of the last ones fit.
    private int Measure(LiveSet live, int position)
    {
        int evaluations = executor.Evaluations;
        if (kept.Graphs.Room == 0 || position == evaluations)
        {
            firstKept = evaluations;
            return position;
        }

        firstKept = position;
        executor.Complete(live, position, position + 1);
        if (kept.Graphs.Count == 0)
        {
            kept.Forget(position);
            firstKept = Math.Max(position + 1, evaluations - kept.Graphs.Room);
        }

        return position + 1;
    }

    private void Reverse(EvaluationVisitor visit, Segment segment)
    {
        (int position, int length, int slots, LiveSet checkpoint) = segment;
        while (length > 1)
        {
            int advance = RevolveSchedule.Split(length, slots);
            LiveSet live = executor.Complete(checkpoint.Share(), position, position + advance, SamplingPhase.Gradient);
            if (slots == 1)
            {
                // No slot is left for it, but none is needed: this last state is used at once.
                visit(position + advance, executor.StateAt(live, position + advance), null);
                live.Dispose();
            }
            else
            {
                Reverse(visit, new Segment(position + advance, length - advance, slots - 1, Keep(live)));
            }

            length = advance;
        }

        visit(position, executor.StateAt(checkpoint, position), null);
        Free(checkpoint);
    }

    private LiveSet Keep(LiveSet live)
    {
        foreach ((Tensor tensor, Tensor? remainder) in live.Kept)
        {
            Run.Meter.Store(tensor, remainder);
        }

        return live;
    }

    private void Free(LiveSet live)
    {
        foreach ((Tensor tensor, Tensor? remainder) in live.Kept)
        {
            Run.Meter.Release(tensor, remainder);
        }

        live.Dispose();
    }

    private sealed record Segment(int Position, int Length, int Slots, LiveSet Checkpoint);
}
