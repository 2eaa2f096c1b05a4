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
    {
        start = given.Start.detach().requires_grad_(true);
        condition = given.ConditionIsDifferentiable ? given.Condition!.Values.detach().requires_grad_(true) : null;
        run = given.WithInputs(start, condition is null ? given.Condition : given.Condition!.WithValues(condition));
        using IDisposable withGraph = enable_grad();
        var executor = new TableExecutor(run) { KeepsRemainders = false };
        using LiveSet live = executor.Begin();
        for (int k = 0; k < executor.Evaluations; k++)
        {
            run.Meter.Store(executor.StateAt(live, k));
            executor.Advance(live, k);
        }

        sample = executor.Sample(live).alias();
        Sample = sample.detach();
    }

    internal override Tensor Sample { get; }

    internal override Cotangents PullBack(Tensor cotangent)
    {
        using var gradients = new ParameterGradients(run.Denoiser.Parameters);
        List<Tensor> inputs = condition is null ? [start] : [start, condition];
        inputs.AddRange(run.Denoiser.Parameters);
        autograd.backward([sample], [cotangent], inputs: inputs);
        run.Meter.Products += run.Table.EvaluatedRows.Count;
        return new Cotangents(start.grad ?? zeros_like(start), condition is null ? null : condition.grad ?? zeros_like(condition), gradients.Take());
    }

    public override void Dispose()
    {
        sample.Dispose();
        Sample.Dispose();
        start.Dispose();
        condition?.Dispose();
    }
}
