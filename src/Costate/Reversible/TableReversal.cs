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
    private readonly Dictionary<int, Tensor> states = [];
    private readonly Dictionary<int, Tensor> outputs = [];

    /// <summary>Begins with the states of the carriers; takes ownership of the handles.</summary>
    /// <param name="run">The run.</param>
    /// <param name="carriers">States by row.</param>
    /// <param name="evaluate">The network's own output at a row and state, in the caller's dispose scope.</param>
    internal TableReversal(SamplingRun run, IEnumerable<KeyValuePair<int, Tensor>> carriers, Func<int, Tensor, Tensor> evaluate)
    {
        this.run = run;
        this.evaluate = evaluate;
        table = run.Table;
        foreach ((int row, Tensor state) in carriers)
        {
            states[row] = state;
        }
    }

    /// <summary>A state that is known by now.</summary>
    internal Tensor State(int row) => states[row];

    /// <summary>Puts an anchor in the place of a reconstructed state, if there is one for this row.</summary>
    internal void Replace(int row, IReadOnlyDictionary<int, Tensor> anchors)
    {
        if (anchors.TryGetValue(row, out Tensor? anchor) && states.Remove(row, out Tensor? held))
        {
            held.Dispose();
            states[row] = anchor.alias().DetachFromDisposeScope();
        }
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
            TableTerm own = table.Rows[row].States.Single(term => term.Index == target);
            Tensor solved = SumOfTerms(row, target, states[row].clone(), -1).DivideBy(own.Weight);
            states[row].Dispose();
            states.Remove(row);
            states[target] = solved.MoveToOuterDisposeScope();
        }

        Drop(outputs, _ => true);
        Drop(states, i => i != 0 && table.Rows[i].SolvesFor is null && !table.Reversal!.Start.Contains(i));
    }

    public void Dispose()
    {
        Drop(outputs, _ => true);
        Drop(states, _ => true);
    }

    // Adds all terms of a row but one to a tensor, in place, each times a factor.
    private Tensor SumOfTerms(int row, int? except, Tensor sum, double factor)
    {
        foreach (TableTerm term in table.Rows[row].States.Where(term => term.Index != except))
        {
            sum.AddTimes(StateOf(term.Index), factor * term.Weight);
        }

        foreach (TableTerm term in table.Rows[row].Outputs)
        {
            sum.AddTimes(OutputOf(term.Index), factor * term.Weight);
        }

        foreach (TableTerm term in table.Rows[row].Noises)
        {
            using Tensor noise = run.Noise!.Normal(term.Index, table.NoiseIntervals[term.Index], sum);
            sum.AddTimes(noise, factor * term.Weight);
        }

        return sum;
    }

    // A carrier is known; a stage is computed from what is.
    private Tensor StateOf(int row)
    {
        if (!states.TryGetValue(row, out Tensor? state))
        {
            Tensor any = states.Values.First();
            state = SumOfTerms(row, null, zeros_like(any), 1).DetachFromDisposeScope();
            states[row] = state;
        }

        return state;
    }

    private Tensor OutputOf(int row)
    {
        if (!outputs.TryGetValue(row, out Tensor? output))
        {
            Tensor x = StateOf(row);
            using DisposeScope scope = NewDisposeScope();
            Tensor raw = evaluate(row, x);
            PredictionConversion conversion = table.Conversion(run.Denoiser.Prediction, row);
            output = (conversion.IsIdentity ? raw.detach().clone() : raw.detach().Times(conversion.Output).AddTimes(x, conversion.State)).DetachFromDisposeScope();
            outputs[row] = output;
        }

        return output;
    }

    private static void Drop(Dictionary<int, Tensor> held, Func<int, bool> unused)
    {
        foreach (int row in held.Keys.Where(unused).ToArray())
        {
            held[row].Dispose();
            held.Remove(row);
        }
    }
}
