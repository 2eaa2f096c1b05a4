using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Runs the transpose of a table, the exact discrete adjoint: each row hands its cotangent to the states and predictions it was
/// made of, and where the cotangent of a prediction is complete, one vector-Jacobian product takes it to the state, the condition
/// and the parameters.
/// </summary>
internal sealed class TableTranspose
{
    private readonly SamplingRun run;
    private readonly SolverTable table;
    private readonly ConditionCotangent condition;
    private readonly Dictionary<int, Tensor> states = [];
    private readonly Dictionary<int, Tensor> outputs = [];
    private int row;

    /// <summary>Begins with the cotangent of the sample. Everything lives in the caller's dispose scope.</summary>
    internal TableTranspose(SamplingRun run, Tensor cotangent)
    {
        this.run = run;
        table = run.Table;
        condition = new ConditionCotangent(run);
        row = table.SampleRow;
        states[row] = cotangent.alias();
    }

    /// <summary>Passes evaluation k, counted from 0 in forward order; they must come in reverse order.</summary>
    /// <param name="k">Which evaluation.</param>
    /// <param name="x">The state at which it happened.</param>
    internal void Pass(int k, Tensor x)
    {
        run.Cancellation.ThrowIfCancellationRequested();
        int evaluated = table.EvaluatedRows[k];
        using VectorJacobianProduct product = Linearize(evaluated, x);
        Pass(evaluated, product);
        run.Progress?.Report(new StepProgress(SamplingPhase.Gradient, table.EvaluatedRows.Count - k, table.EvaluatedRows.Count, table.Rows[evaluated].Time));
    }

    /// <summary>Evaluates the network at a row with a graph, for <see cref="Pass(int, VectorJacobianProduct)"/>.</summary>
    internal VectorJacobianProduct Linearize(int evaluated, Tensor x)
    {
        TableRow at = table.Rows[evaluated];
        using Tensor? z = run.Condition?.At(at.Interval);
        return VectorJacobianProduct.Begin((leaf, condition) => run.Evaluate(leaf, at, condition), x, z);
    }

    /// <summary>Passes the evaluation at a row: all rows after it have handed on their cotangents, then its product takes its own.</summary>
    internal void Pass(int evaluated, VectorJacobianProduct product)
    {
        PropagateDownTo(evaluated);
        if (outputs.Remove(evaluated, out Tensor? cotangent))
        {
            Take(evaluated, product, cotangent);
            cotangent.Dispose();
        }
    }

    /// <summary>The cotangents of the start and the condition, once every evaluation has been passed.</summary>
    internal (Tensor Start, Tensor? Condition) Finish()
    {
        PropagateDownTo(0);
        Tensor start = states.Remove(0, out Tensor? sum) ? sum : zeros_like(run.Start, dtype: run.StateType);
        run.Controls?.Receive(start, table.Rows[0].GridIndex);
        return (start, condition.Sum);
    }

    /// <summary>Hands on the cotangents of all rows after the given one.</summary>
    internal void PropagateDownTo(int target)
    {
        for (; row > target; row--)
        {
            if (!states.Remove(row, out Tensor? cotangent))
            {
                continue;
            }

            run.Controls?.Receive(cotangent, table.Rows[row].GridIndex);
            foreach (TableTerm term in table.Rows[row].States)
            {
                Add(states, term, cotangent);
            }

            foreach (TableTerm term in table.Rows[row].Outputs)
            {
                Add(outputs, term, cotangent);
            }

            cotangent.Dispose();
        }
    }

    private void Take(int evaluated, VectorJacobianProduct linearized, Tensor cotangent)
    {
        using DisposeScope scope = NewDisposeScope();
        TableRow at = table.Rows[evaluated];
        PredictionConversion conversion = table.Conversion(run.Denoiser.Prediction, evaluated);
        (Tensor product, Tensor? conditionProduct) = linearized.Pull(run.Denoiser.Parameters, conversion.Output == 1 ? cotangent : cotangent.Times(conversion.Output));
        run.Meter.Products++;

        if (conversion.State != 0)
        {
            product.AddTimes(cotangent, conversion.State);
        }

        if (states.TryGetValue(evaluated, out Tensor? sum))
        {
            sum.add_(product);
        }
        else
        {
            states[evaluated] = product.MoveToOuterDisposeScope();
        }

        if (conditionProduct is not null)
        {
            condition.Add(at.Interval, conditionProduct);
        }
    }

    private static void Add(Dictionary<int, Tensor> sums, TableTerm term, Tensor cotangent)
    {
        // A scalar is a native object as well: disposed, not left to the finalizer.
        if (sums.TryGetValue(term.Index, out Tensor? sum))
        {
            sum.AddTimes(cotangent, term.Weight);
        }
        else
        {
            sums[term.Index] = cotangent.Times(term.Weight);
        }
    }
}
