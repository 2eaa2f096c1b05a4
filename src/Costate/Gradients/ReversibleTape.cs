using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The exact gradient of a reversible table: reconstruction and transpose in one sweep, sharing every network evaluation.
/// </summary>
internal sealed class ReversibleTape : RunTape
{
    private const double MaxDrift = 1e-3;

    private readonly LiveSet carriers;
    private readonly LiveSet anchors = new();
    private readonly Tensor sample;
    private double? drift;

    internal ReversibleTape(SamplingRun run, int? anchorEvery)
        : base(run)
    {
        SolverTable table = run.Table;
        int seen = 0;
        var executor = new TableExecutor(run)
        {
            OnState = (row, state, remainder) =>
            {
                // Carriers come in pairs, one pair for each step.
                if (anchorEvery is int every && table.Rows[row].SolvesFor is not null && ((seen++ / 2) + 1) % every == 0)
                {
                    anchors.Hold(row, state, remainder);
                    run.Meter.Store(state, remainder);
                }
            },
        };
        using LiveSet live = executor.Complete(executor.Begin());
        carriers = live.Share();
        foreach ((Tensor state, Tensor? remainder) in carriers.Kept)
        {
            run.Meter.Store(state, remainder);
        }

        sample = executor.Sample(live).alias();
    }

    internal override Tensor Sample => sample;

    internal override double? ReconstructionDrift => drift;

    public override void Dispose()
    {
        sample.Dispose();
        carriers.Dispose();
        anchors.Dispose();
    }

    protected override Cotangents PullBack(Seeds seeds, ParameterGradients gradients)
    {
        var transpose = new TableTranspose(Run, seeds, gradients);
        Dictionary<int, VectorJacobianProduct> pending = [];
        bool suspicious = false;
        using var reversal = new TableReversal(
            Run,
            carriers.Share(),
            (row, x) =>
            {
                pending[row] = transpose.Linearize(row, x).DetachFromDisposeScope();
                return pending[row].Output;
            });
        try
        {
            HashSet<int> evaluated = [.. Run.Table.EvaluatedRows];
            int passed = 0;
            for (int row = Run.Table.SampleRow; row >= 0; row--)
            {
                if (evaluated.Contains(row))
                {
                    // Undoing a later row has evaluated the network here, unless it is a first step that nothing undoes.
                    using VectorJacobianProduct product = pending.Remove(row, out VectorJacobianProduct? held)
                        ? held
                        : transpose.Linearize(row, reversal.State(row));
                    transpose.Pass(row, product);
                    Run.Progress?.Report(new StepProgress(SamplingPhase.Gradient, ++passed, evaluated.Count, Run.Table.Rows[row].Time));
                }

                if (row > 0)
                {
                    transpose.PropagateDownTo(row - 1);
                    suspicious |= !(reversal.Replace(row, anchors) <= MaxDrift);
                    reversal.Undo(row);
                }
            }
        }
        finally
        {
            foreach (VectorJacobianProduct product in pending.Values)
            {
                product.Dispose();
            }
        }

        drift = reversal.Drift(0, Run.ToState(Run.Start));
        if (suspicious || !(drift <= MaxDrift))
        {
            // An unstable solver amplifies rounding, which the drift reports; a network that answers anew is refused.
            Run.CheckFirstEvaluation();
        }

        return transpose.Finish();
    }
}
