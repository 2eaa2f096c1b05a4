using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Plain backpropagation: the whole run in one autograd graph.</summary>
internal sealed class UnrolledTape : GradientTape
{
    private readonly SamplingRun run;
    private readonly Tensor start;
    private readonly Tensor? condition;
    private readonly Tensor sample;

    internal UnrolledTape(SamplingRun given)
        : base(given)
    {
        start = given.ToState(given.Start).detach().requires_grad_(true);
        condition = given.ConditionIsDifferentiable ? given.Condition!.Values.detach().requires_grad_(true) : null;
        run = given.WithInputs(start, condition is null ? given.Condition : given.Condition!.WithValues(condition));
        sample = Unroll(run);
        Sample = sample.detach();
    }

    internal override Tensor Sample { get; }

    /// <summary>The sample of a run, with the graph of all its evaluations.</summary>
    internal static Tensor Unroll(SamplingRun run)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withGraph = enable_grad();
        var executor = new TableExecutor(run) { KeepsRemainders = false };
        using LiveSet live = executor.Begin();
        for (int k = 0; k < executor.Evaluations; k++)
        {
            run.Meter.Store(executor.StateAt(live, k));
            executor.Advance(live, k);
        }

        return executor.Sample(live).alias().MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        sample.Dispose();
        Sample.Dispose();
        start.Dispose();
        condition?.Dispose();
    }

    protected override (Tensor Start, Tensor? Condition) PullBack(Tensor cotangent, ParameterGradients gradients)
    {
        run.Cancellation.ThrowIfCancellationRequested();
        List<Tensor> inputs = condition is null ? [start] : [start, condition];
        inputs.AddRange(gradients.Trainable);
        Tensor? factor = run.NetworkType == ScalarType.Float16 ? CotangentScale.Of(cotangent, gradients.IsEmpty) : null;
        autograd.backward([sample], [factor is null ? cotangent : cotangent * factor], inputs: inputs);
        gradients.Collect(factor);
        int evaluations = run.Table.EvaluatedRows.Count;
        run.Meter.Products += evaluations;
        run.Progress?.Report(new StepProgress(SamplingPhase.Gradient, evaluations, evaluations, run.Grid.Start));

        // Torch may leave one memory in both.
        return (CotangentScale.Undo(start.grad ?? zeros_like(start), factor), condition is null ? null : CotangentScale.Undo(condition.grad ?? zeros_like(condition), factor));
    }
}
