using static TorchSharp.torch;

namespace Costate;

/// <summary>The exact discrete adjoint with every evaluated state kept, and the graphs of the last evaluations while they fit.</summary>
internal sealed class DiscreteTape : StateTape
{
    private readonly KeptEvaluations kept;
    private readonly Tensor sample;

    internal DiscreteTape(SamplingRun run, GraphBudget budget, int? lastSteps = null)
        : base(run, lastSteps)
    {
        kept = new KeptEvaluations(run, budget);
        var executor = new TableExecutor(run)
        {
            Network = (k, state) => k < FirstEvaluation ? EvaluateOnly(k, state) : kept.Evaluate(k, state),
        };
        using LiveSet live = executor.Complete(executor.Begin());
        sample = executor.Sample(live).alias();
    }

    internal override Tensor Sample => sample;

    public override void Dispose()
    {
        sample.Dispose();
        kept.Dispose();
    }

    internal override void Backward(EvaluationVisitor visit) => kept.Backward(visit);
}
