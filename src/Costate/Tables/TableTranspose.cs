using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Runs the transpose of a table, the exact discrete adjoint: each row hands its cotangent to the states and predictions it was
/// made of and to its inputs, and where the cotangent of a prediction is complete, one vector-Jacobian product takes it to the state, the
/// condition and the parameters.
/// </summary>
internal sealed class TableTranspose
{
    private readonly SamplingRun run;
    private readonly SolverTable table;
    private readonly ConditionCotangents condition;
    private readonly ParameterGradients parameters;
    private readonly Dictionary<int, Tensor> states = [];
    private readonly Dictionary<int, Tensor> outputs = [];
    private readonly Tensor?[] inputs;
    private readonly int firstInput;
    private readonly int? constantRow;
    private int row;

    /// <summary>Begins with the cotangents of some states and predictions. Everything lives in the caller's dispose scope.</summary>
    /// <param name="run">The run.</param>
    /// <param name="seeds">The cotangents.</param>
    /// <param name="parameters">The sums of the parameters.</param>
    /// <param name="constantRow">The row whose state, with all states before it, is a constant; null for none.</param>
    internal TableTranspose(SamplingRun run, Seeds seeds, ParameterGradients parameters, int? constantRow = null)
    {
        this.run = run;
        this.parameters = parameters;
        this.constantRow = constantRow;
        table = run.Table;
        condition = new ConditionCotangents(run);
        row = table.SampleRow;
        (firstInput, int wanted) = run.WantedInputs.GetOffsetAndLength(table.InputCount);
        inputs = new Tensor?[wanted];
        foreach ((int seeded, Tensor cotangent) in seeds.States.Where(seed => !IsConstant(seed.Key)))
        {
            states[seeded] = cotangent.alias();
        }

        foreach ((int seeded, Tensor cotangent) in seeds.Outputs)
        {
            outputs[seeded] = cotangent.alias();
        }
    }

    /// <summary>Is shown each row and its complete cotangent, before it is handed on; alive during the call.</summary>
    internal Action<int, Tensor>? OnState { get; init; }

    /// <summary>
    /// Is shown each evaluated row, the complete cotangent of its prediction, the network's own output and the products with respect to
    /// the condition; alive during the call.
    /// </summary>
    internal Action<int, Tensor, Tensor, Tensor?[]>? OnPrediction { get; init; }

    /// <summary>Passes evaluation k, counted from 0 in forward order; they must come in reverse order.</summary>
    /// <param name="k">Which evaluation.</param>
    /// <param name="x">The state at which it happened.</param>
    /// <param name="graph">Its graph, where that was kept; the caller disposes it.</param>
    internal void Pass(int k, Tensor x, VectorJacobianProduct? graph)
    {
        run.Cancellation.ThrowIfCancellationRequested();
        int evaluated = table.EvaluatedRows[k];
        using VectorJacobianProduct? product = graph is null ? Linearize(evaluated, x) : null;
        Pass(evaluated, graph ?? product!);
        run.ReportGradient(k);
    }

    /// <summary>Evaluates the network at a row with a graph, for <see cref="Pass(int, VectorJacobianProduct)"/>.</summary>
    internal VectorJacobianProduct Linearize(int evaluated, Tensor x) => run.Linearize(x, table.Rows[evaluated].At);

    /// <summary>
    /// Passes the evaluation at a row: all rows after it have handed on their cotangents, then its product takes its own.
    /// </summary>
    internal void Pass(int evaluated, VectorJacobianProduct product)
    {
        if (Complete(evaluated) is Tensor cotangent)
        {
            Take(evaluated, product, cotangent, table.Conversion(run.Denoiser.Prediction, evaluated));
            cotangent.Dispose();
        }
    }

    /// <summary>
    /// The complete cotangent of the prediction at a row, once all rows after it have handed on theirs; null where none arrived.
    /// </summary>
    internal Tensor? Complete(int evaluated)
    {
        PropagateDownTo(evaluated);
        return outputs.Remove(evaluated, out Tensor? cotangent) ? cotangent : null;
    }

    /// <summary>The cotangents of what the run starts from, once every evaluation has been passed.</summary>
    internal Cotangents Finish()
    {
        PropagateDownTo(0);
        if (states.Remove(0, out Tensor? start))
        {
            AddToInputs(0, start);
        }

        // Of evaluations before the constant state.
        foreach (Tensor rest in outputs.Values)
        {
            rest.Dispose();
        }

        return new Cotangents(start ?? zeros_like(run.Start, dtype: run.StateType), condition.Sums, inputs, []);
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

            OnState?.Invoke(row, cotangent);
            AddToInputs(row, cotangent);
            foreach (TableTerm term in table.Rows[row].States)
            {
                if (!IsConstant(term.Index))
                {
                    Add(states, term, cotangent);
                }
            }

            foreach (TableTerm term in table.Rows[row].Outputs)
            {
                Add(outputs, term, cotangent);
            }

            cotangent.Dispose();
        }
    }

    /// <summary>
    /// Takes a cotangent of the network's output, converted to a prediction, to the state, the condition and the parameters.
    /// </summary>
    internal void Take(int evaluated, VectorJacobianProduct linearized, Tensor cotangent, PredictionConversion conversion)
    {
        using DisposeScope scope = NewDisposeScope();
        EvaluationPoint at = table.Rows[evaluated].At;
        (Tensor? product, Tensor?[] conditionProducts) = run.Reach(linearized, at, cotangent, conversion, parameters);
        OnPrediction?.Invoke(evaluated, cotangent, linearized.Output.detach(), conditionProducts);
        Add(evaluated, product, conditionProducts, cotangent, conversion);
    }

    /// <summary>Adds what a cotangent of a prediction became on its way through the network.</summary>
    /// <param name="evaluated">The row.</param>
    /// <param name="product">With respect to the state; null for zero.</param>
    /// <param name="conditionProducts">With respect to the condition's tensors.</param>
    /// <param name="cotangent">The cotangent.</param>
    /// <param name="conversion">From the network's output to the prediction.</param>
    internal void Add(int evaluated, Tensor? product, Tensor?[] conditionProducts, Tensor cotangent, PredictionConversion conversion)
    {
        if (!IsConstant(evaluated))
        {
            states.Remove(evaluated, out Tensor? before);
            using (before)
            {
                states[evaluated] = conversion.PullBack(product, cotangent, before).MoveToOuterDisposeScope();
            }
        }

        condition.Add(table.Rows[evaluated].At, conditionProducts);
    }

    /// <summary>Adds to the cotangent of a state. Takes ownership.</summary>
    internal void AddToState(int row, Tensor cotangent)
    {
        if (!IsConstant(row) && states.TryAdd(row, cotangent))
        {
            return;
        }

        if (!IsConstant(row))
        {
            states[row].AddTimes(cotangent, 1);
        }

        cotangent.Dispose();
    }

    private bool IsConstant(int row) => row <= constantRow;

    private void AddToInputs(int row, Tensor cotangent)
    {
        foreach (TableTerm term in table.Rows[row].Inputs)
        {
            int wanted = term.Index - firstInput;
            if (wanted >= 0 && wanted < inputs.Length)
            {
                inputs[wanted] = inputs[wanted].PlusTimes(cotangent, term.Weight);
            }
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
            sums[term.Index] = WeightedSum.Of((cotangent, term.Weight))!;
        }
    }
}
