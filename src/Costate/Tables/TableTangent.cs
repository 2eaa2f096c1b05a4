using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Runs the linearised table forward: each row's tangent is the same combination of tangents of earlier states and predictions, and a
/// prediction's is a Jacobian-vector product. Inputs are constants.
/// </summary>
internal sealed class TableTangent : IDisposable
{
    private readonly SamplingRun run;
    private readonly SolverTable table;
    private readonly LiveSet live = new();
    private int row;

    /// <summary>Begins with a direction of x_T.</summary>
    internal TableTangent(SamplingRun run, Tensor start)
    {
        this.run = run;
        table = run.Table;
        live.States[0] = run.ToState(start).DetachFromDisposeScope();
    }

    /// <summary>The tangent of the state of a row; rows come in order, and are gone when no later one uses them.</summary>
    internal Tensor State(int target)
    {
        AdvanceTo(target);
        return live.States[target];
    }

    /// <summary>Passes the evaluation at a row: all rows up to it have their tangents, then its product takes the tangent on.</summary>
    /// <param name="evaluated">The row.</param>
    /// <param name="product">The network there.</param>
    /// <param name="condition">The directions of what it sees of the condition, entry by entry.</param>
    internal void Pass(int evaluated, VectorJacobianProduct product, Tensor?[] condition)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = State(evaluated);
        EvaluationPoint at = table.Rows[evaluated].At;
        PredictionConversion conversion = table.Conversion(run.Denoiser.Prediction, evaluated);
        Tensor tangent = run.Push(product, at, x, condition).Tangent.Times(conversion.Output);
        live.Outputs[evaluated] = tangent.AddTimes(x, conversion.State).DetachFromDisposeScope();
    }

    public void Dispose() => live.Dispose();

    private void AdvanceTo(int target)
    {
        while (row < target)
        {
            row++;
            live.States[row] = Combine(table.Rows[row]).DetachFromDisposeScope();
            live.Trim(row, table);
        }
    }

    private Tensor Combine(TableRow its)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor? sum = WeightedSum.Of(
        [
            .. its.States.Select(term => (live.States[term.Index], term.Weight)),
            .. its.Outputs.Select(term => (live.Outputs[term.Index], term.Weight)),
        ]);
        return (sum ?? zeros_like(live.States.Values.First())).MoveToOuterDisposeScope();
    }
}
