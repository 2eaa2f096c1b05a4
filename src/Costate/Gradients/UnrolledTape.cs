using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Plain backpropagation: the whole run in one autograd graph.</summary>
internal sealed class UnrolledTape : RunTape
{
    private readonly Tensor start;
    private readonly Condition? condition;
    private readonly Tensor[] inputs;
    private readonly Tensor sample;

    // Of all states and predictions, with their graphs, which live as long as that of the sample.
    private readonly Seeds values = new();

    internal UnrolledTape(SamplingRun given)
        : base(given)
    {
        start = given.ToState(given.Start).detach().requires_grad_(true);
        condition = given.Condition?.Map(entry => entry with { Values = entry.Values.detach().requires_grad_(entry.HasGradient) });
        (int first, int wanted) = given.WantedInputs.GetOffsetAndLength(given.Table.InputCount);
        inputs = [.. Enumerable.Range(first, wanted).Select(i => Leaf(given, i))];
        try
        {
            sample = Unroll(given with
            {
                Start = start,
                Condition = condition,
                Input = (i, like) => i >= first && i < first + wanted ? inputs[i - first].alias() : given.Input(i, like),
                OnState = (row, state) =>
                {
                    values.States[row] = state.alias().DetachFromDisposeScope();
                    given.OnState?.Invoke(row, state);
                },
                OnPrediction = (row, x, prediction) =>
                {
                    values.Outputs[row] = prediction.alias().DetachFromDisposeScope();
                    given.OnPrediction?.Invoke(row, x, prediction);
                },
            });
        }
        catch
        {
            values.Dispose();
            throw;
        }

        Sample = sample.detach();
    }

    internal override Tensor Sample { get; }

    /// <summary>The sample of a run, with the graph of all its evaluations.</summary>
    internal static Tensor Unroll(SamplingRun run)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withGraph = enable_grad();
        var executor = new TableExecutor(run) { KeepsRemainders = false, Network = Evaluate };
        using LiveSet live = executor.Complete(executor.Begin());
        return executor.Sample(live).alias().MoveToOuterDisposeScope();

        Tensor Evaluate(int k, Tensor state)
        {
            run.Meter.Store(state);
            return run.Evaluate(state, run.Table.Rows[run.Table.EvaluatedRows[k]].At);
        }
    }

    public override void Dispose()
    {
        sample.Dispose();
        Sample.Dispose();
        start.Dispose();
        condition?.Entries.ToList().ForEach(entry => entry.Values.Dispose());
        Array.ForEach(inputs, input => input.Dispose());
        values.Dispose();
    }

    protected override Cotangents PullBack(Seeds seeds, ParameterGradients gradients)
    {
        Run.Cancellation.ThrowIfCancellationRequested();
        IReadOnlyList<ConditionEntry> entries = condition?.Entries ?? [];
        Tensor[] leaves = [start, .. entries.Where(entry => entry.HasGradient).Select(entry => entry.Values), .. inputs];
        (Tensor Value, Tensor Cotangent)[] outputs =
        [
            .. seeds.States.Select(seed => (seed.Key == Run.Table.SampleRow ? sample : values.States[seed.Key], seed.Value)),
            .. seeds.Outputs.Select(seed => (values.Outputs[seed.Key], seed.Value)),
        ];
        bool scales = Run.NetworkType == ScalarType.Float16;
        Tensor?[] reached = VectorJacobianProduct.Reach(outputs, leaves, gradients, scales);
        Run.Meter.Products += Run.Table.EvaluatedRows.Count;
        Run.ReportGradient(0);
        var products = new Queue<Tensor>(
            reached.Zip(leaves, (product, leaf) => product?.clone() ?? zeros_like(leaf, requires_grad: false)));
        return new Cotangents(
            products.Dequeue(),
            [.. entries.Select(entry => entry.HasGradient ? products.Dequeue() : null)],
            [.. products],
            []);
    }

    private static Tensor Leaf(SamplingRun run, int input)
    {
        using Tensor like = run.ToState(run.Start);
        using Tensor? vector = run.Input(input, like);
        return (vector?.detach().clone() ?? zeros_like(like, requires_grad: false)).requires_grad_(true);
    }
}
