using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The exact discrete adjoint with the derivatives of numbers behind the table: the cotangent of a row times what a weight multiplies is
/// the derivative of that weight. Keeps every state and prediction.
/// </summary>
internal sealed class CoefficientTape : RunTape
{
    private readonly SamplingRun run;
    private readonly ILookup<int, (Coefficient At, int Number, double Change)> changes;
    private readonly int numbers;
    private readonly int told;
    private readonly Dictionary<int, Tensor> states = [];
    private readonly Dictionary<int, Tensor> outputs = [];

    /// <param name="run">The run, with a replay; the time that the network is told has a gradient where the condition has an entry of
    /// it.</param>
    /// <param name="derivatives">Of each number behind the table, the changes of its coefficients.</param>
    internal CoefficientTape(SamplingRun run, IReadOnlyList<Dictionary<Coefficient, double>> derivatives)
        : base(run)
    {
        numbers = derivatives.Count;
        told = run.Condition?.Entries.Index().FirstOrDefault(pair => pair.Item.Role == ConditionRole.Time, (-1, null!)).Index ?? -1;
        changes = derivatives
            .SelectMany((its, number) => its.Select(change => (At: change.Key, Number: number, Change: change.Value)))
            .ToLookup(change => change.At.Row);
        this.run = run;
        SamplingRun watched = run with
        {
            OnPrediction = (row, x, prediction) =>
            {
                outputs[row] = prediction.alias().DetachFromDisposeScope();
                run.Meter.Store(prediction);
                run.OnPrediction?.Invoke(row, x, prediction);
            },
        };
        var executor = new TableExecutor(watched)
        {
            OnState = (row, state, _) =>
            {
                states[row] = state.alias().DetachFromDisposeScope();
                run.Meter.Store(state);
            },
        };
        try
        {
            using LiveSet live = executor.Complete(executor.Begin());
            Sample = executor.Sample(live).alias();
        }
        catch
        {
            Release();
            throw;
        }
    }

    internal override Tensor Sample { get; }

    /// <summary>The derivative of each number for each item, [numbers, batch], in 64 bits, once it was pulled back; owned by the caller's
    /// dispose scope.</summary>
    internal Tensor Derivatives { get; private set; } = null!;

    public override void Dispose()
    {
        Sample.Dispose();
        Release();
    }

    protected override Cotangents PullBack(Seeds seeds, ParameterGradients gradients)
    {
        Derivatives = zeros(numbers, run.Start.shape[0], dtype: ScalarType.Float64, device: run.Start.device);
        var transpose = new TableTranspose(run, seeds, gradients) { OnState = AddRow, OnPrediction = AddConversion };
        for (int k = run.Table.EvaluatedRows.Count - 1; k >= 0; k--)
        {
            run.Cancellation.ThrowIfCancellationRequested();
            int row = run.Table.EvaluatedRows[k];
            using VectorJacobianProduct product = transpose.Linearize(row, states[row]);
            transpose.Pass(row, product);
            run.ReportGradient(k);
        }

        return transpose.Finish();
    }

    private void Release()
    {
        foreach (Tensor tensor in states.Values.Concat(outputs.Values))
        {
            tensor.Dispose();
        }
    }

    private void AddRow(int row, Tensor cotangent) => Add(row, at => at.Kind switch
    {
        CoefficientKind.State => Dot(cotangent, states[at.Index]),
        CoefficientKind.Output => Dot(cotangent, outputs[at.Index]),
        CoefficientKind.Input => run.Input(at.Index, cotangent) is Tensor input ? Dot(cotangent, input) : null,
        _ => null,
    });

    private void AddConversion(int row, Tensor cotangent, Tensor output, Tensor?[] condition) => Add(row, at => at.Kind switch
    {
        CoefficientKind.ConvertedState => Dot(cotangent, states[row]),
        CoefficientKind.ConvertedOutput => Dot(cotangent, output),
        CoefficientKind.NetworkTime => told >= 0 ? condition[told] : null,
        CoefficientKind.Time => Moved(row, condition),
        _ => null,
    });

    // What moves of the condition as the evaluation at a row does.
    private Tensor? Moved(int row, Tensor?[] condition)
    {
        Tensor? sum = null;
        foreach ((ConditionEntry entry, Tensor? product) in (run.Condition?.Entries ?? []).Zip(condition))
        {
            if (product is not null && entry.SlopeAt(run.Table.Rows[row].At) is Tensor slope)
            {
                Tensor its = Dot(product, slope);
                sum = sum is null ? its : sum.add_(its);
            }
        }

        return sum;
    }

    private void Add(int row, Func<Coefficient, Tensor?> derivative)
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (IGrouping<Coefficient, (Coefficient At, int Number, double Change)> group in changes[row].GroupBy(change => change.At))
        {
            if (derivative(group.Key) is Tensor product)
            {
                foreach ((_, int number, double change) in group)
                {
                    Derivatives[number].AddTimes(product, change);
                }
            }
        }
    }

    private static Tensor Dot(Tensor a, Tensor b) =>
        a.to(ScalarType.Float64).mul(b.to(ScalarType.Float64)).reshape(a.shape[0], -1).sum([1L]);
}
