using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The exact discrete adjoint with few checkpoints. The forward run is the first descent of the recursion on a chain of N + 1
/// steps, whose last step is the loss; it leaves the segments that the backward sweep then reverses, the last one first.
/// </summary>
internal sealed class RevolveTape : GradientTape
{
    private readonly SamplingRun run;
    private readonly TableExecutor executor;
    private readonly Stack<Segment> segments = [];
    private readonly Tensor sample;

    internal RevolveTape(SamplingRun run, int slots)
        : base(run)
    {
        this.run = run;
        executor = new TableExecutor(run);
        LiveSet live = executor.Begin();
        int position = 0;
        int remaining = executor.Evaluations + 1;
        for (int free = slots; remaining > 1; free--)
        {
            int advance = RevolveSchedule.Split(remaining, free);
            segments.Push(new Segment(position, advance, free, Keep(live.Share())));
            for (int k = position; k < position + advance; k++)
            {
                executor.Advance(live, k);
            }

            position += advance;
            remaining -= advance;
        }

        sample = executor.Sample(live).alias();
        live.Dispose();
    }

    internal override Tensor Sample => sample;

    public override void Dispose()
    {
        sample.Dispose();
        foreach (Segment segment in segments)
        {
            segment.Checkpoint.Dispose();
        }
    }

    protected override (Tensor Start, Tensor? Condition) PullBack(Tensor cotangent, ParameterGradients gradients)
    {
        var transpose = new TableTranspose(run, cotangent, gradients);
        while (segments.TryPeek(out Segment? segment))
        {
            // Off the stack only once it is done with, so that disposing the tape finds it after an exception.
            Reverse(transpose, segment);
            segments.Pop();
        }

        return transpose.Finish();
    }

    private void Reverse(TableTranspose transpose, Segment segment)
    {
        (int position, int length, int slots, LiveSet checkpoint) = segment;
        while (length > 1)
        {
            int advance = RevolveSchedule.Split(length, slots);
            LiveSet live = checkpoint.Share();
            for (int k = position; k < position + advance; k++)
            {
                executor.Advance(live, k, SamplingPhase.Gradient);
            }

            if (slots == 1)
            {
                // No slot is left for it, but none is needed: this last state is used at once.
                transpose.Pass(position + advance, executor.StateAt(live, position + advance));
                live.Dispose();
            }
            else
            {
                Reverse(transpose, new Segment(position + advance, length - advance, slots - 1, Keep(live)));
            }

            length = advance;
        }

        transpose.Pass(position, executor.StateAt(checkpoint, position));
        Free(checkpoint);
    }

    private LiveSet Keep(LiveSet live)
    {
        foreach ((Tensor tensor, Tensor? remainder) in live.Kept)
        {
            run.Meter.Store(tensor, remainder);
        }

        return live;
    }

    private void Free(LiveSet live)
    {
        foreach ((Tensor tensor, Tensor? remainder) in live.Kept)
        {
            run.Meter.Release(tensor, remainder);
        }

        live.Dispose();
    }

    private sealed record Segment(int Position, int Length, int Slots, LiveSet Checkpoint);
}
