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
    private readonly ParameterGradients parameters;
    private readonly Dictionary<int, Tensor> states = [];
    private readonly Dictionary<int, Tensor> outputs = [];
    private Tensor? held;
    private int row;

    /// <summary>Begins with the cotangent of the sample. Everything lives in the caller's dispose scope.</summary>
    internal TableTranspose(SamplingRun run, Tensor cotangent, ParameterGradients parameters)
    {
        this.run = run;
        this.parameters = parameters;
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
        if (run.Straight is StraightSteps straight)
        {
            PassStretch(straight, k, x);
        }
        else
        {
            using VectorJacobianProduct product = Linearize(evaluated, x);
            Pass(evaluated, product);
        }

        run.Progress?.Report(new StepProgress(SamplingPhase.Gradient, table.EvaluatedRows.Count - k, table.EvaluatedRows.Count, table.Rows[evaluated].Time));
    }

    /// <summary>Evaluates the network at a row with a graph, for <see cref="Pass(int, VectorJacobianProduct)"/>.</summary>
    internal VectorJacobianProduct Linearize(int evaluated, Tensor x) => run.Linearize(x, table.Rows[evaluated]);

    /// <summary>Passes the evaluation at a row: all rows after it have handed on their cotangents, then its product takes its own.</summary>
    internal void Pass(int evaluated, VectorJacobianProduct product)
    {
        PropagateDownTo(evaluated);
        if (outputs.Remove(evaluated, out Tensor? cotangent))
        {
            Take(evaluated, product, cotangent, table.Rows[evaluated].Prediction);
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

    // Over a straight stretch the velocity is that at its first state: there its product is taken, of the sum of the cotangents.
    private void PassStretch(StraightSteps straight, int k, Tensor x)
    {
        int evaluated = table.EvaluatedRows[k];
        PropagateDownTo(evaluated);
        if (outputs.Remove(evaluated, out Tensor? cotangent))
        {
            TableRow row = table.Rows[evaluated];
            PredictionConversion conversion = PredictionConversion.Checked(straight.Velocity, row.Prediction, SchedulePoint.At(table.Schedule, row.Time));
            AddToState(evaluated, cotangent.Times(conversion.State));
            held = held is null ? cotangent.Times(conversion.Output) : held.AddTimes(cotangent, conversion.Output);
            cotangent.Dispose();
        }

        bool[] begins = straight.BeginAt(k);
        if (held is null || !begins.Contains(true))
        {
            return;
        }

        using Tensor items = tensor(begins, device: held.device);
        using Tensor mask = items.reshape([-1, .. Enumerable.Repeat(1L, (int)held.dim() - 1)]);
        using Tensor none = zeros_like(held);
        using Tensor taken = where(mask, held, none);
        using VectorJacobianProduct product = Linearize(evaluated, x);
        Take(evaluated, product, taken, straight.Velocity);
        Tensor rest = where(mask, none, held);
        held.Dispose();
        held = rest;
    }

    // The cotangent is of the network's output converted to a prediction.
    private void Take(int evaluated, VectorJacobianProduct linearized, Tensor cotangent, Prediction prediction)
    {
        using DisposeScope scope = NewDisposeScope();
        TableRow at = table.Rows[evaluated];
        PredictionConversion conversion = PredictionConversion.Checked(run.Denoiser.Prediction, prediction, SchedulePoint.At(table.Schedule, at.Time));
        (Tensor product, Tensor? conditionProduct) = run.Pull(linearized, at, conversion.Output == 1 ? cotangent : cotangent.Times(conversion.Output), parameters);

        if (conversion.State != 0)
        {
            product.AddTimes(cotangent, conversion.State);
        }

        AddToState(evaluated, product.MoveToOuterDisposeScope());
        if (conditionProduct is not null)
        {
            condition.Add(at.Interval, conditionProduct);
        }
    }

    // Takes ownership.
    private void AddToState(int row, Tensor cotangent)
    {
        if (!states.TryAdd(row, cotangent))
        {
            states[row].add_(cotangent);
            cotangent.Dispose();
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
