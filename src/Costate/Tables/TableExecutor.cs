using System.Runtime.InteropServices;
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

    private readonly IReadOnlyList<int> evaluatedRows;
    private readonly int lastRow;

    /// <summary>An executor up to the sample, or to the end of the table, where a reversible solver has its second copy.</summary>
    internal TableExecutor(SamplingRun run, bool toTheEnd = false)
    {
        this.run = run;
        table = run.Table;
        evaluatedRows = toTheEnd ? table.EvaluatedRowsToTheEnd : table.EvaluatedRows;
        lastRow = toTheEnd ? table.Rows.Count - 1 : table.SampleRow;
    }

    /// <summary>
    /// Is shown the number of each row, its state and what 64 bits leave of it, while they are alive, in order; the start too.
    /// </summary>
    internal Action<int, Tensor, Tensor?>? OnState { get; init; }

    /// <summary>
    /// Does an evaluation, told its number and state, in place of <see cref="SamplingRun.Evaluate(Tensor, EvaluationPoint)"/>.
    /// </summary>
    internal Func<int, Tensor, Tensor>? Network { get; init; }

    /// <summary>
    /// Whether the states of a reversible solver are computed in two words (see <see cref="CompensatedSum"/>); a graph has no use for the
    /// second.
    /// </summary>
    internal bool KeepsRemainders { get; init; } = true;

    /// <summary>Number of network evaluations, and of cuts.</summary>
    internal int Evaluations => evaluatedRows.Count;

    /// <summary>The live set before the first evaluation.</summary>
    internal LiveSet Begin()
    {
        var live = new LiveSet();
        live.States[0] = run.ToState(run.Start);
        if (table.Rows[0].Inputs.Count > 0)
        {
            using DisposeScope scope = NewDisposeScope();
            using Tensor before = live.States[0];
            live.States[0] = WeightedSum.Of([(before, 1), .. run.Inputs(table.Rows[0], before)])!.DetachFromDisposeScope();
        }

        Show(live, 0, SamplingPhase.Sampling);
        ComputeRows(live, 1, evaluatedRows.Count > 0 ? evaluatedRows[0] : lastRow);
        return live;
    }

    /// <summary>The live set of a reversible solver from both its carriers, and the first evaluation that is left to do.</summary>
    internal (LiveSet Live, int First) Begin(IReadOnlyList<Tensor> carriers, IReadOnlyList<Tensor>? remainders = null)
    {
        var live = new LiveSet();
        int[] start = table.Reversal!.Start;
        for (int i = 0; i < start.Length; i++)
        {
            live.Hold(start[i], run.ToState(carriers[i]), remainders?[i]);
        }

        int first = 0;
        while (first < Evaluations && table.LastUseOfOutput(evaluatedRows[first]) <= start[^1])
        {
            first++;
        }

        ComputeRows(live, start[^1] + 1, evaluatedRows[first]);
        return (live, first);
    }

    /// <summary>Does the evaluations from one up to another, or up to the last, and computes the states on the way.</summary>
    /// <param name="live">The live set before the first of them; returned as that after the last.</param>
    /// <param name="first">The first.</param>
    /// <param name="end">The one that is not done any more.</param>
    /// <param name="phase">Whether this draws the sample, which is shown and told, or repeats a part of it.</param>
    internal LiveSet Complete(LiveSet live, int first = 0, int? end = null, SamplingPhase phase = SamplingPhase.Sampling) =>
        run.Outputs.During(() =>
        {
            for (int k = first; k < (end ?? Evaluations); k++)
            {
                Advance(live, k, phase);
            }

            return live;
        });

    /// <summary>The state at which evaluation k happens.</summary>
    internal Tensor StateAt(LiveSet live, int k) => live.States[evaluatedRows[k]];

    /// <summary>The sample, once all evaluations are done.</summary>
    internal Tensor Sample(LiveSet live) => live.States[table.SampleRow];

    /// <summary>Does evaluation k and computes all states up to the next one, or to the sample. Disposes what is no longer used.</summary>
    internal void Advance(LiveSet live, int k, SamplingPhase phase = SamplingPhase.Sampling)
    {
        run.Cancellation.ThrowIfCancellationRequested();
        int row = evaluatedRows[k];
        int next = k + 1 < Evaluations ? evaluatedRows[k + 1] : lastRow;
        live.Outputs[row] = Predict(k, live.States[row], row);
        if (phase == SamplingPhase.Sampling)
        {
            run.OnPrediction?.Invoke(row, live.States[row], live.Outputs[row]);
        }

        ComputeRows(live, row + 1, next, phase);
        live.Trim(next, table);
        if (phase == SamplingPhase.Sampling)
        {
            run.Progress?.Report(new StepProgress(phase, k + 1, Evaluations, table.Rows[next].Time));
        }
    }

    private void ComputeRows(LiveSet live, int first, int last, SamplingPhase phase = SamplingPhase.Sampling)
    {
        for (int i = first; i <= last; i++)
        {
            if (KeepsRemainders && run.KeepsRemainder(i))
            {
                (live.States[i], live.Remainders[i]) = CombineExactly(live, i);
            }
            else
            {
                live.States[i] = Combine(live, i);
            }

            Show(live, i, phase);
        }
    }

    private void Show(LiveSet live, int i, SamplingPhase phase)
    {
        OnState?.Invoke(i, live.States[i], live.Remainders.GetValueOrDefault(i));
        if (phase == SamplingPhase.Sampling)
        {
            run.OnState?.Invoke(i, live.States[i]);
        }
    }

    private Tensor Predict(int k, Tensor x, int row)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor output = Network is null ? run.Evaluate(x, table.Rows[row].At) : Network(k, x);
        PredictionConversion conversion = table.Conversion(run.Denoiser.Prediction, row);
        if (conversion.IsIdentity)
        {
            // The network may have returned a buffer that it writes again at the next call.
            return output.clone().MoveToOuterDisposeScope();
        }

        (Tensor, double)[] terms = [(output, conversion.Output), (x, conversion.State)];
        return WeightedSum.Of(conversion.State == 0 ? terms[..1] : terms)!.MoveToOuterDisposeScope();
    }

    private Tensor Combine(LiveSet live, int i)
    {
        using DisposeScope scope = NewDisposeScope();
        TableRow row = table.Rows[i];
        List<(Tensor, double)> terms = new(row.States.Count + row.Outputs.Count + row.Inputs.Count);
        foreach (TableTerm term in row.States)
        {
            terms.Add((live.States[term.Index], term.Weight));
        }

        AddIncrement(terms, live, row);
        Tensor? sum = WeightedSum.Of(CollectionsMarshal.AsSpan(terms));
        return (sum ?? zeros_like(live.States.Values.First())).MoveToOuterDisposeScope();
    }

    private (Tensor State, Tensor Remainder) CombineExactly(LiveSet live, int i)
    {
        using DisposeScope scope = NewDisposeScope();
        TableRow row = table.Rows[i];
        CompensatedTerm[] terms =
        [
            .. row.States.Select(term =>
                new CompensatedTerm(live.States[term.Index], live.Remainders.GetValueOrDefault(term.Index), term.Weight)),
        ];
        List<(Tensor, double)> increment = new(row.Outputs.Count + row.Inputs.Count);
        AddIncrement(increment, live, row);
        (Tensor state, Tensor remainder) = CompensatedSum.Of(terms, increment);
        return (state.MoveToOuterDisposeScope(), remainder.MoveToOuterDisposeScope());
    }

    // What a row adds to earlier states, in the caller's dispose scope.
    private void AddIncrement(List<(Tensor X, double Weight)> terms, LiveSet live, TableRow row)
    {
        foreach (TableTerm term in row.Outputs)
        {
            terms.Add((live.Outputs[term.Index], term.Weight));
        }

        if (row.Inputs.Count > 0)
        {
            terms.AddRange(run.Inputs(row, live.States.Values.First()));
        }
    }
}
