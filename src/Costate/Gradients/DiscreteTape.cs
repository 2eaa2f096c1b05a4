using static TorchSharp.torch;

namespace Costate;

/// <summary>The exact discrete adjoint with every evaluated state kept.</summary>
internal sealed class DiscreteTape : StateTape
{
    private readonly Tensor?[] evaluated;
    private readonly Tensor sample;

    internal DiscreteTape(SamplingRun run, int? lastSteps = null)
        : base(run, lastSteps)
    {
        evaluated = new Tensor?[run.Table.EvaluatedRows.Count];
        int first = FirstEvaluation;
        var executor = new TableExecutor(run)
        {
            BeforeEvaluation = (k, state) =>
            {
                if (k >= first)
                {
                    evaluated[k] = state.alias();
                    run.Meter.Store(state);
                }
            },
        };
        using LiveSet live = executor.Complete(executor.Begin());
        sample = executor.Sample(live).alias();
    }

    internal override Tensor Sample => sample;

    public override void Dispose()
    {
        sample.Dispose();
        foreach (Tensor? state in evaluated)
        {
            state?.Dispose();
        }
    }

    internal override void Backward(Action<int, Tensor> visit)
    {
        for (int k = evaluated.Length - 1; k >= FirstEvaluation; k--)
        {
            visit(k, evaluated[k]!);
            evaluated[k]!.Dispose();
        }
    }
}
