using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Finds the grid of one item: trial steps of a reversible scheme on tables of a single step, accepted by their embedded errors.
/// </summary>
internal sealed class AdaptiveGrid
{
    private readonly SamplingRun run;
    private readonly Rex solver;
    private readonly StepControl control;
    private readonly IProgress<StepProgress>? progress;

    /// <param name="run">A run of one item that tells no progress; its grid has the two ends only.</param>
    /// <param name="solver">The scheme.</param>
    /// <param name="control">The controller.</param>
    /// <param name="progress">Told after each trial step.</param>
    internal AdaptiveGrid(SamplingRun run, Rex solver, StepControl control, IProgress<StepProgress>? progress)
    {
        this.run = run;
        this.solver = solver;
        this.control = control;
        this.progress = progress;
    }

    /// <summary>The accepted times, the sample drawn on them, and how many trial steps were rejected.</summary>
    internal (TimeGrid Grid, Tensor Sample, int Rejected) Find()
    {
        NoiseSchedule schedule = run.Schedule;
        (double lambda, double last) = (schedule.HalfLogSnr(run.Grid.Start), schedule.HalfLogSnr(run.Grid.End));
        double h = (last - lambda) / control.FirstSteps;
        double errorBefore = 1;
        int rejected = 0;
        List<double> times = [run.Grid.Start];
        Carriers at = Carriers.Begin(run.ToState(run.Start));
        while (times[^1] > run.Grid.End)
        {
            run.Cancellation.ThrowIfCancellationRequested();
            if (times.Count + rejected > control.MaximumSteps)
            {
                throw new InvalidOperationException(
                    $"Item {run.FirstItem} is at time {times[^1]:R} after {control.MaximumSteps} steps, {rejected} of them rejected. "
                        + "Allow larger errors, or more steps.");
            }

            // The last step ends exactly at the end; a sliver that would remain is taken along.
            bool reachesEnd = lambda + (1.000001 * h) >= last;
            double next = reachesEnd ? run.Grid.End : schedule.TimeAtHalfLogSnr(lambda + h);
            using DisposeScope scope = NewDisposeScope();
            (Carriers moved, double error) = Try(times.Count - 1, times[^1], next, at);
            if (double.IsNaN(error))
            {
                throw new InvalidOperationException(
                    $"The error of item {run.FirstItem} in step {times.Count - 1} from time {times[^1]:R} to {next:R} is not finite, "
                        + "nor is the state any more: look at the network there.");
            }

            double factor = StepControl.Factor(error, errorBefore, Math.Max(solver.Tableau.Order, 2));
            if (error <= 1)
            {
                at.Dispose();
                at = moved.MoveToOuterDisposeScope();
                times.Add(next);
                lambda = schedule.HalfLogSnr(next);
                errorBefore = error;
            }
            else
            {
                rejected++;
            }

            h *= factor;
            int evaluations = checked((int)run.Meter.Predictions);
            progress?.Report(new StepProgress(SamplingPhase.Search, evaluations, 0, times[^1]));
        }

        using Tensor sample = at.Y.High.alias();
        at.Dispose();
        return (TimeGrid.FromTimes([.. times]), run.ToCaller(sample), rejected);
    }

    private (Carriers End, double Error) Try(int step, double from, double to, Carriers at)
    {
        SolverTable table = solver.TabulateWithErrors(run.Schedule, TimeGrid.FromTimes([from, to]), step, out int[] errorRows);
        List<Tensor> errors = [];
        var executor = new TableExecutor(run with { Table = table }, toTheEnd: true)
        {
            OnState = (row, state, _) =>
            {
                if (errorRows.Contains(row))
                {
                    errors.Add(state.alias());
                }
            },
        };
        (LiveSet live, int first) = executor.Begin([at.Y.High, at.W.High], [at.Y.Low, at.W.Low]);
        executor.Complete(live, first);
        int[] end = table.Reversal!.End;
        var moved = new Carriers((live.States[end[0]], live.Remainders[end[0]]), (live.States[end[1]], live.Remainders[end[1]]));
        if (errors.Any(e => !Finite.Is(e)) || !Finite.Is(moved.Y.High))
        {
            return (moved, double.NaN);
        }

        // Where nothing is allowed, as in an item of zeros under a relative tolerance, no error is none and any other is too large.
        Tensor allowed = maximum(at.Y.High.abs(), moved.Y.High.abs())
            .Times(control.Relative)
            .AddTimes(ones_like(at.Y.High), control.Absolute);
        double error = errors.Max(e => where(e.eq(0), zeros_like(e), e / allowed).square().mean().sqrt().item<double>());
        return (moved, error);
    }

    // The two states of the scheme, each in two words, as the run on the whole grid carries them.
    private readonly record struct Carriers((Tensor High, Tensor Low) Y, (Tensor High, Tensor Low) W) : IDisposable
    {
        private Tensor[] Tensors => [Y.High, Y.Low, W.High, W.Low];

        internal static Carriers Begin(Tensor start) => new((start, zeros_like(start)), (start.alias(), zeros_like(start)));

        internal Carriers MoveToOuterDisposeScope()
        {
            Array.ForEach(Tensors, tensor => tensor.MoveToOuterDisposeScope());
            return this;
        }

        public void Dispose() => Array.ForEach(Tensors, tensor => tensor.Dispose());
    }
}
