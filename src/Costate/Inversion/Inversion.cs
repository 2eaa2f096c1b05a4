using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Inverts samples: exactly with a reversible table, by DDIM inversion with another deterministic one, by CycleDiffusion with a stochastic
/// one.
/// </summary>
internal static class Inversion
{
    /// <summary>Inverts <c>run.Start</c>, a sample. All network evaluations are counted and reported by the run.</summary>
    internal static NoiseState Invert(SamplingRun run, IReadOnlyDictionary<string, string> settings)
    {
        if (run.Table.Reversal is { } reversal)
        {
            return run.Outputs.During(() => Reverse(run, reversal, settings));
        }

        if (run.Solver.IsStochastic)
        {
            return CycleDiffusion.Encode(run, settings);
        }

        var towardsNoise = new Sampler(run.Denoiser, run.Schedule, run.Solver, run.Grid.Reversed());
        Condition? condition = run.Condition?.Map(entry => entry.IsScheduled ? entry with { Values = entry.Values.flip(0) } : entry);
        SamplingRun upwards = towardsNoise.Checked(run.Start, condition, null, run.Progress, run.Cancellation);
        Tensor start = Sampler.Sample(upwards);
        run.Meter.Evaluations += upwards.Meter.Evaluations;
        return new InvertedNoise(start, run.CallerType, settings);
    }

    private static ReversibleNoise Reverse(SamplingRun run, Reversal reversal, IReadOnlyDictionary<string, string> settings)
    {
        SolverTable table = run.Table;
        int evaluations = 0;

        // What nothing undoes, the first step of a two-step method, is not evaluated.
        int total = table.EvaluatedRowsToTheEnd.Count(row => table.LastUseOfOutput(row) > reversal.Start[^1]);
        total += reversal.Other == OtherCarrier.InverseDdim ? 1 : 0;
        using var sweep = new TableReversal(run, EndCarriers(run, reversal, Evaluate), (row, x) => Evaluate(table.Rows[row].At, x));
        for (int row = table.Rows.Count - 1; row > 0; row--)
        {
            sweep.Undo(row);
        }

        Tensor[] states = [.. reversal.Start.Select(row => sweep.State(row).alias())];

        // Of a few steps, not every state has been solved for.
        Tensor?[] left = [.. reversal.Start.Select(sweep.Remainder)];
        Tensor[] remainders = [.. left.Zip(states, (remainder, state) => remainder?.alias() ?? zeros_like(state))];
        return new ReversibleNoise(states, left.All(remainder => remainder is null) ? null : remainders, run.CallerType, settings);

        Tensor Evaluate(EvaluationPoint at, Tensor x)
        {
            Tensor output = run.Evaluate(x, at);
            run.Progress?.Report(new StepProgress(SamplingPhase.Inversion, ++evaluations, total, at.Time));
            return output;
        }
    }

    private static LiveSet EndCarriers(SamplingRun run, Reversal reversal, Func<EvaluationPoint, Tensor, Tensor> evaluate)
    {
        Tensor sample = run.ToState(run.Start);
        Tensor other = reversal.Other == OtherCarrier.Copy ? sample.alias() : DdimTowardsNoise(run, sample, evaluate);
        var carriers = new LiveSet();
        carriers.Hold(reversal.End[0], sample, null);
        carriers.Hold(reversal.End[1], other, null);
        return carriers;
    }

    // One step of DDIM from the end of the grid to the point before it.
    private static Tensor DdimTowardsNoise(SamplingRun run, Tensor sample, Func<EvaluationPoint, Tensor, Tensor> evaluate)
    {
        using DisposeScope scope = NewDisposeScope();
        int last = run.Grid.Steps;
        SchedulePoint t = SchedulePoint.At(run.Schedule, run.Grid.Times[last]);
        SchedulePoint s = SchedulePoint.At(run.Schedule, run.Grid.Times[last - 1]);
        Tensor output = evaluate(new EvaluationPoint(t.Time, run.Grid.NetworkTimes[last], last - 1), sample);
        PredictionConversion conversion = PredictionConversion.Checked(run.Denoiser.Prediction, Prediction.Noise, t);
        Tensor noise = output.Times(conversion.Output).AddTimes(sample, conversion.State);
        var step = new ExponentialStep(t, s, Prediction.Noise, stochastic: false);
        return sample.Times(step.State).AddTimes(noise, step.Weight(1)).MoveToOuterDisposeScope();
    }
}
