using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Runs any table forward, one network evaluation at a time. What it holds between two evaluations (a <em>cut</em>) is the live
/// set: the states and predictions that later rows still use.
/// </summary>
internal sealed class TableExecutor
{
    private readonly SamplingRun run;
    private readonly SolverTable table;

    internal TableExecutor(SamplingRun run)
    {
        this.run = run;
        table = run.Table;
    }

    /// <summary>Is shown each state at a grid point, in order, while it is alive; the start too.</summary>
    internal Action<int, Tensor>? OnGridState { get; init; }

    /// <summary>Number of network evaluations, and of cuts.</summary>
    internal int Evaluations => table.EvaluatedRows.Count;

    /// <summary>The live set before the first evaluation.</summary>
    internal LiveSet Begin()
    {
        var live = new LiveSet();
        live.States[0] = run.Start.alias();
        OnGridState?.Invoke(0, live.States[0]);
        return live;
    }

    /// <summary>The state at which evaluation k happens.</summary>
    internal Tensor StateAt(LiveSet live, int k) => live.States[table.EvaluatedRows[k]];

    /// <summary>The sample, once all evaluations are done.</summary>
    internal Tensor Sample(LiveSet live) => live.States[table.Rows.Count - 1];

    /// <summary>Does evaluation k and computes all states up to the next one, or to the sample. Disposes what is no longer used.</summary>
    internal void Advance(LiveSet live, int k, SamplingPhase phase = SamplingPhase.Sampling)
    {
        run.Cancellation.ThrowIfCancellationRequested();
        int row = table.EvaluatedRows[k];
        int next = k + 1 < Evaluations ? table.EvaluatedRows[k + 1] : table.Rows.Count - 1;
        live.Outputs[row] = Predict(live.States[row], row);
        for (int i = row + 1; i <= next; i++)
        {
            live.States[i] = Combine(live, i);
            if (table.Rows[i].GridIndex is int point)
            {
                OnGridState?.Invoke(point, live.States[i]);
            }
        }

        live.Trim(next, table);
        if (phase == SamplingPhase.Sampling)
        {
            run.Progress?.Report(new StepProgress(phase, k + 1, Evaluations, table.Rows[next].Time));
        }
    }

    private Tensor Predict(Tensor x, int row)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor output = run.Evaluate(x, table.Rows[row], run.Condition?.At(table.Rows[row].Interval));
        PredictionConversion conversion = table.Conversion(run.Denoiser.Prediction, row);
        if (conversion.IsIdentity)
        {
            // The network may have returned a tensor that it keeps: hand on a handle of our own.
            return output.alias().MoveToOuterDisposeScope();
        }

        Tensor prediction = output.mul(conversion.Output);
        return (conversion.State == 0 ? prediction : prediction.add_(x, conversion.State)).MoveToOuterDisposeScope();
    }

    private Tensor Combine(LiveSet live, int i)
    {
        TableRow row = table.Rows[i];
        using DisposeScope scope = NewDisposeScope();
        Tensor? sum = null;
        foreach (TableTerm term in row.States)
        {
            sum = Add(sum, live.States[term.Index], term.Weight);
        }

        foreach (TableTerm term in row.Outputs)
        {
            sum = Add(sum, live.Outputs[term.Index], term.Weight);
        }

        foreach (TableTerm term in row.Noises)
        {
            sum = Add(sum, run.Noise!.Normal(term.Index, table.NoiseIntervals[term.Index], run.Start), term.Weight);
        }

        return (sum ?? zeros_like(run.Start)).MoveToOuterDisposeScope();
    }

    private static Tensor Add(Tensor? sum, Tensor term, double weight)
    {
        // A scalar is a native object as well: disposed, not left to the finalizer.
        using Scalar scalar = weight;
        return sum is null ? term.mul(scalar) : sum.add_(term, scalar);
    }
}
