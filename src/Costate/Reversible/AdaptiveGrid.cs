using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Finds the grid of one item: trial steps of a reversible scheme on tables of a single step, accepted by their embedded errors.</summary>
internal sealed class AdaptiveGrid
{
    private readonly SamplingRun run;
    private readonly Rex solver;
    private readonly StepControl control;

    /// <param name="run">A run of one item; its grid has the two ends only.</param>
    /// <param name="solver">The scheme.</param>
    /// <param name="control">The controller.</param>
    internal AdaptiveGrid(SamplingRun run, Rex solver, StepControl control)
    {
        this.run = run;
        this.solver = solver;
        this.control = control;
    }

    /// <summary>The accepted times, and how many trial steps were rejected.</summary>
    internal (TimeGrid Grid, int Rejected) Find()
    {
        NoiseSchedule schedule = run.Schedule;
        (double lambda, double last) = (schedule.HalfLogSnr(run.Grid.Start), schedule.HalfLogSnr(run.Grid.End));
        double h = (last - lambda) / control.FirstSteps;
        double errorBefore = 1;
        int rejected = 0;
        List<double> times = [run.Grid.Start];
        Tensor y = run.ToState(run.Start);
        Tensor w = y.alias();
        while (times[^1] > run.Grid.End)
        {
            run.Cancellation.ThrowIfCancellationRequested();
            if (times.Count + rejected > control.MaximumSteps)
            {
                throw new InvalidOperationException($"Item {run.FirstItem} is at time {times[^1]:R} after {control.MaximumSteps} steps, {rejected} of them rejected. Allow larger errors, or more steps.");
            }

            // The last step ends exactly at the end; a sliver that would remain is taken along.
            bool reachesEnd = lambda + (1.000001 * h) >= last;
            double next = reachesEnd ? run.Grid.End : schedule.TimeAtHalfLogSnr(lambda + h);
            using DisposeScope scope = NewDisposeScope();
            (Tensor newY, Tensor newW, double error) = Try(times[^1], next, y, w);
            if (!double.IsFinite(error))
            {
                throw new InvalidOperationException($"The error of item {run.FirstItem} in step {times.Count - 1} from time {times[^1]:R} to {next:R} is {error}. The state is not finite any more: look at the network there.");
            }

            double factor = StepControl.Factor(error, errorBefore, Math.Max(solver.Tableau.Order, 2));
            if (error <= 1)
            {
                y.Dispose();
                w.Dispose();
                (y, w) = (newY.MoveToOuterDisposeScope(), newW.MoveToOuterDisposeScope());
                times.Add(next);
                lambda = schedule.HalfLogSnr(next);
                errorBefore = error;
                run.Progress?.Report(new StepProgress(SamplingPhase.Sampling, times.Count - 1, 0, next));
            }
            else
            {
                rejected++;
            }

            h *= factor;
        }

        y.Dispose();
        w.Dispose();
        return (TimeGrid.FromTimes([.. times]), rejected);
    }

    private (Tensor Y, Tensor W, double Error) Try(double from, double to, Tensor y, Tensor w)
    {
        SolverTable table = solver.TabulateWithErrors(run.Schedule, TimeGrid.FromTimes([from, to]), out int[] errorRows);
        List<Tensor> errors = [];
        var executor = new TableExecutor(run.WithTable(table), toTheEnd: true)
        {
            OnState = (row, state, _) =>
            {
                if (errorRows.Contains(row))
                {
                    errors.Add(state.alias());
                }
            },
        };
        (LiveSet live, int first) = executor.Begin([y, w]);
        for (int k = first; k < executor.Evaluations; k++)
        {
            executor.Advance(live, k);
        }

        int[] end = table.Reversal!.End;
        (Tensor newY, Tensor newW) = (live.States[end[0]], live.States[end[1]]);
        Tensor allowed = maximum(y.abs(), newY.abs()).Times(control.Relative).AddTimes(ones_like(y), control.Absolute);
        double error = errors.Max(e => (e / allowed).square().mean().sqrt().item<double>());
        return (newY, newW, errors.Any(e => !Finite.Is(e)) ? double.NaN : error);
    }
}
