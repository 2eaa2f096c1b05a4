using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Inverts samples: exactly with a reversible table, by DDIM inversion with another deterministic one, by CycleDiffusion with a stochastic one.</summary>
internal static class Inversion
{
    /// <summary>Inverts <c>run.Start</c>, a sample.</summary>
    internal static NoiseState Invert(SamplingRun run, IReadOnlyDictionary<string, string> settings)
    {
        if (run.Table.Reversal is { } reversal)
        {
            return Reverse(run, reversal, settings);
        }

        if (run.Solver.IsStochastic)
        {
            EncodedNoise encoded = CycleDiffusion.Encode(run);
            return new NoiseState([encoded.Start], encoded.Vectors, run.CallerType, settings);
        }

        var towardsNoise = new Sampler(run.Denoiser, run.Schedule, run.Solver, run.Grid.Reversed());
        Condition? condition = run.Condition is { IsScheduled: true } scheduled ? scheduled.WithValues(scheduled.Values.flip(0)) : run.Condition;
        Tensor start = towardsNoise.Sample(run.Start, condition, null, run.Progress, run.Cancellation);
        return new NoiseState([start], null, run.CallerType, settings);
    }

    private static NoiseState Reverse(SamplingRun run, Reversal reversal, IReadOnlyDictionary<string, string> settings)
    {
        SolverTable table = run.Table;
        int evaluations = 0;
        using var sweep = new TableReversal(
            run,
            EndCarriers(run, reversal),
            (row, x) =>
            {
                run.Progress?.Report(new StepProgress(SamplingPhase.Inversion, ++evaluations, table.EvaluatedRowsToTheEnd.Count, table.Rows[row].Time));
                return run.Evaluate(x, table.Rows[row], run.Condition?.At(table.Rows[row].Interval));
            });
        for (int row = table.Rows.Count - 1; row > 0; row--)
        {
            sweep.Undo(row);
        }

        Tensor[] states = [.. reversal.Start.Select(row => sweep.State(row).alias())];
        Tensor[] remainders = [.. reversal.Start.Select(sweep.Remainder).OfType<Tensor>().Select(remainder => remainder.alias())];
        return new NoiseState(states, null, run.CallerType, settings, remainders.Length > 0 ? remainders : null);
    }

    private static LiveSet EndCarriers(SamplingRun run, Reversal reversal)
    {
        Tensor sample = run.ToState(run.Start);
        Tensor other = reversal.Other == OtherCarrier.Copy ? sample.alias() : DdimTowardsNoise(run, sample);
        var carriers = new LiveSet();
        carriers.Hold(reversal.End[0], sample, null);
        carriers.Hold(reversal.End[1], other, null);
        return carriers;
    }

    // One step of DDIM from the end of the grid to the point before it.
    private static Tensor DdimTowardsNoise(SamplingRun run, Tensor sample)
    {
        using DisposeScope scope = NewDisposeScope();
        int last = run.Grid.Steps;
        SchedulePoint t = SchedulePoint.At(run.Schedule, run.Grid.Times[last]);
        SchedulePoint s = SchedulePoint.At(run.Schedule, run.Grid.Times[last - 1]);
        var row = new TableRow(t.Time, run.Grid.NetworkTimes[last], last - 1, Prediction.Noise, [], [], []);
        Tensor output = run.Evaluate(sample, row, run.Condition?.At(last - 1));
        PredictionConversion conversion = PredictionConversion.Checked(run.Denoiser.Prediction, Prediction.Noise, t);
        Tensor noise = output.Times(conversion.Output).AddTimes(sample, conversion.State);
        var step = new ExponentialStep(t, s, Prediction.Noise, stochastic: false);
        return sample.Times(step.State).AddTimes(noise, step.Weight(1)).MoveToOuterDisposeScope();
    }
}
