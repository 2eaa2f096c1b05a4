using static TorchSharp.torch;

namespace Costate;

/// <summary>Is given an evaluation, its state and its graph, where that was kept; both belong to the tape.</summary>
internal delegate void EvaluationVisitor(int k, Tensor x, VectorJacobianProduct? graph);

/// <summary>The last evaluations of a run: the state of each, and the graphs that fit.</summary>
internal sealed class KeptEvaluations(SamplingRun run, GraphBudget budget) : IDisposable
{
    private readonly Tensor?[] states = new Tensor?[run.Table.EvaluatedRows.Count];

    /// <summary>The graphs.</summary>
    internal KeptGraphs Graphs { get; } = new(run, budget);

    /// <summary>Does evaluation k and keeps it in the dispose scope outside of the present one.</summary>
    internal Tensor Evaluate(int k, Tensor state)
    {
        states[k] = state.alias().MoveToOuterDisposeScope();
        run.Meter.Store(state);
        return Graphs.Evaluate(run.Table.EvaluatedRows[k], state, states.Length - k);
    }

    /// <summary>Forgets evaluation k.</summary>
    internal void Forget(int k)
    {
        run.Meter.Release(states[k]!);
        states[k]!.Dispose();
        states[k] = null;
    }

    /// <summary>Hands each evaluation to a visitor, the last first, and frees it.</summary>
    internal void Backward(EvaluationVisitor visit)
    {
        for (int k = states.Length - 1; k >= 0 && states[k] is Tensor state; k--)
        {
            using VectorJacobianProduct? graph = Graphs.Take(run.Table.EvaluatedRows[k]);
            visit(k, state, graph);
            state.Dispose();
        }
    }

    public void Dispose()
    {
        Graphs.Dispose();
        foreach (Tensor? state in states)
        {
            state?.Dispose();
        }
    }
}
