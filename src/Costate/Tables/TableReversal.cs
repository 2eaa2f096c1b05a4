using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Runs a reversible table from its end to its start: each carrier row is solved for the earlier state that it was made of, stages are
/// computed anew, and the network's predictions come from whoever runs this, with or without a graph.
/// </summary>
internal sealed class TableReversal : IDisposable
{
    private readonly SamplingRun run;
    private readonly SolverTable table;
    private readonly Func<int, Tensor, Tensor> evaluate;
    private readonly LiveSet live;

    /// <summary>Begins with the states of the carriers; takes ownership of the set.</summary>
    /// <param name="run">The run.</param>
    /// <param name="live">The states of the carriers at the end, and what 64 bits leave of them.</param>
    /// <param name="evaluate">The network's own output at a row and state, in the caller's dispose scope.</param>
    internal TableReversal(SamplingRun run, LiveSet live, Func<int, Tensor, Tensor> evaluate)
    {
        (this.run, this.live, this.evaluate) = (run, live, evaluate);
        table = run.Table;
    }

    /// <summary>A state that is known by now.</summary>
    internal Tensor State(int row) => live.States[row];

    /// <summary>What 64 bits leave of a state that is known by now.</summary>
    internal Tensor? Remainder(int row) => live.Remainders.GetValueOrDefault(row);

    /// <summary>
    /// How far a state that was reconstructed lies from itself: the largest entry of the difference over the largest of the state.
    /// </summary>
    internal double Drift(int row, Tensor state)
    {
        using DisposeScope scope = NewDisposeScope();
        return ((State(row) - state).abs().max() / state.abs().max()).item<double>();
    }

    /// <summary>
    /// Puts an anchor in the place of a reconstructed state, if there is one for this row; how far apart they were, or 0.
    /// </summary>
    internal double Replace(int row, LiveSet anchors)
    {
        if (live.States.ContainsKey(row) && anchors.States.TryGetValue(row, out Tensor? anchor))
        {
            double drift = Drift(row, anchor);
            Put(live.States, row, anchor.alias());
            Put(live.Remainders, row, anchors.Remainders.GetValueOrDefault(row)?.alias());
            return drift;
        }

        return 0;
    }

    /// <summary>Solves a carrier row for its earlier state; does nothing for other rows. Afterwards only carriers are held.</summary>
    internal void Undo(int row)
    {
        if (table.Rows[row].SolvesFor is not int target)
        {
            return;
        }

        run.Cancellation.ThrowIfCancellationRequested();
        using (DisposeScope scope = NewDisposeScope())
        {
            (Tensor state, Tensor? remainder) = run.KeepsRemainder(row) ? SolveExactly(row, target) : (Solve(row, target), null);
            Put(live.States, row, null);
            Put(live.Remainders, row, null);
            Put(live.States, target, state);
            Put(live.Remainders, target, remainder);
        }

        LiveSet.Drop(live.Outputs, _ => true);
        LiveSet.Drop(live.States, i => !table.IsCarrier(i));
    }

    public void Dispose() => live.Dispose();

    private static void Put(Dictionary<int, Tensor> held, int row, Tensor? tensor)
    {
        if (held.Remove(row, out Tensor? before))
        {
            before.Dispose();
        }

        if (tensor is not null)
        {
            held[row] = tensor.DetachFromDisposeScope();
        }
    }

    private double WeightOf(int row, int target) => table.Rows[row].States.Single(term => term.Index == target).Weight;

    private Tensor Solve(int row, int target) =>
        WeightedSum.Of([
            (State(row), 1),
            .. table.Rows[row].States
                .Where(term => term.Index != target)
                .Select(term => (StateOf(term.Index), -term.Weight)),
            .. Increment(row, -1),
        ])!.DivideBy(WeightOf(row, target));

    private (Tensor State, Tensor Remainder) SolveExactly(int row, int target)
    {
        CompensatedTerm[] terms =
        [
            new(State(row), Remainder(row), 1),
            .. table.Rows[row].States
                .Where(term => term.Index != target)
                .Select(term => new CompensatedTerm(StateOf(term.Index), Remainder(term.Index), -term.Weight)),
        ];
        return CompensatedSum.Of(terms, [.. Increment(row, -1)], WeightOf(row, target));
    }

    // Factor times what a row adds to earlier states, in the caller's dispose scope: but for the sign the very numbers that the executor
    // added.
    private IEnumerable<(Tensor X, double Weight)> Increment(int row, double factor) =>
    [
        .. table.Rows[row].Outputs.Select(term => (OutputOf(term.Index), factor * term.Weight)),
        .. run.Inputs(table.Rows[row], live.States.Values.First()).Select(input => (input.X, factor * input.Weight)),
    ];

    // A carrier is known; a stage is computed from what is, as the executor did.
    private Tensor StateOf(int row)
    {
        if (!live.States.TryGetValue(row, out Tensor? state))
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor? sum = WeightedSum.Of(
                [.. table.Rows[row].States.Select(term => (StateOf(term.Index), term.Weight)), .. Increment(row, 1)]);
            state = (sum ?? zeros_like(live.States.Values.First())).DetachFromDisposeScope();
            live.States[row] = state;
        }

        return state;
    }

    private Tensor OutputOf(int row)
    {
        if (!live.Outputs.TryGetValue(row, out Tensor? output))
        {
            Tensor x = StateOf(row);
            using DisposeScope scope = NewDisposeScope();
            Tensor raw = evaluate(row, x);
            PredictionConversion conversion = table.Conversion(run.Denoiser.Prediction, row);
            output = (
                conversion.IsIdentity ? raw.detach().clone() : WeightedSum.Of((raw.detach(), conversion.Output), (x, conversion.State))!
            ).DetachFromDisposeScope();
            live.Outputs[row] = output;
        }

        return output;
    }
}
