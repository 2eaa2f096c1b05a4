using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The adjoint of a run that holds its velocity over each nearly straight stretch (FlowGrad; Liu et al. 2023, section 3.3), at the states
/// of the run as it was: one vector-Jacobian product a stretch, at its first state, of the sum of the cotangents of its velocities.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="states">A tape of the same run.</param>
/// <param name="straight">Where its stretches begin; it has seen the run.</param>
internal sealed class StraightenedTape(SamplingRun run, StateTape states, StraightSteps straight) : RunTape(run)
{
    internal override Tensor Sample => states.Sample;

    public override void Dispose() => states.Dispose();

    protected override Cotangents PullBack(Seeds seeds, ParameterGradients gradients)
    {
        var transpose = new TableTranspose(Run, seeds, gradients);
        Tensor? held = null;
        states.Backward((k, x, graph) =>
        {
            Run.Cancellation.ThrowIfCancellationRequested();
            Hold(transpose, k, ref held);
            Release(transpose, k, x, graph, ref held);
            Run.ReportGradient(k);
        });
        held?.Dispose();
        return transpose.Finish();
    }

    // Takes the cotangent of the prediction at an evaluation apart: into that of the velocity, which is held, and that of the state.
    private void Hold(TableTranspose transpose, int k, ref Tensor? held)
    {
        int row = Run.Table.EvaluatedRows[k];
        if (transpose.Complete(row) is not Tensor cotangent)
        {
            return;
        }

        TableRow at = Run.Table.Rows[row];
        PredictionConversion conversion = PredictionConversion.Checked(
            straight.Velocity,
            at.Prediction,
            SchedulePoint.At(Run.Schedule, at.Time));
        transpose.AddToState(row, cotangent.Times(conversion.State));
        held = held is null ? cotangent.Times(conversion.Output) : held.AddTimes(cotangent, conversion.Output);
        cotangent.Dispose();
    }

    // Takes the product for the items whose stretch begins here.
    private void Release(TableTranspose transpose, int k, Tensor x, VectorJacobianProduct? graph, ref Tensor? held)
    {
        bool[] begins = straight.BeginAt(k);
        if (held is null || !begins.Contains(true))
        {
            return;
        }

        int row = Run.Table.EvaluatedRows[k];
        using Tensor items = tensor(begins, device: held.device);
        using Tensor mask = items.reshape([-1, .. Enumerable.Repeat(1L, (int)held.dim() - 1)]);
        using Tensor none = zeros_like(held);
        using Tensor taken = where(mask, held, none);
        using VectorJacobianProduct? product = graph is null ? transpose.Linearize(row, x) : null;
        SchedulePoint point = SchedulePoint.At(Run.Schedule, Run.Table.Rows[row].Time);
        transpose.Take(row, graph ?? product!, taken, PredictionConversion.Checked(Run.Denoiser.Prediction, straight.Velocity, point));
        Tensor rest = where(mask, none, held);
        held.Dispose();
        held = rest;
    }
}
