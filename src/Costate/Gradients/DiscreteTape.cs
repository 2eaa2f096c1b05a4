using static TorchSharp.torch;

namespace Costate;

/// <summary>The exact discrete adjoint with every evaluated state kept.</summary>
internal sealed class DiscreteTape : GradientTape
{
    private readonly SamplingRun run;
    private readonly Tensor[] evaluated;
    private readonly Tensor sample;

    internal DiscreteTape(SamplingRun run)
        : base(run)
    {
        this.run = run;
        var executor = new TableExecutor(run);
        evaluated = new Tensor[executor.Evaluations];
        using LiveSet live = executor.Begin();
        for (int k = 0; k < evaluated.Length; k++)
        {
            evaluated[k] = executor.StateAt(live, k).alias();
            run.Meter.Store(evaluated[k]);
            executor.Advance(live, k);
        }

        sample = executor.Sample(live).alias();
    }

    internal override Tensor Sample => sample;

    public override void Dispose()
    {
        sample.Dispose();
        foreach (Tensor state in evaluated)
        {
            state.Dispose();
        }
    }

    protected override (Tensor Start, Tensor? Condition) PullBack(Tensor cotangent, ParameterGradients gradients)
    {
        var transpose = new TableTranspose(run, cotangent, gradients);
        for (int k = evaluated.Length - 1; k >= 0; k--)
        {
            transpose.Pass(k, evaluated[k]);
            evaluated[k].Dispose();
        }

        return transpose.Finish();
    }
}
