using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// States of an ODE solved for backwards along with the adjoint, from the sample alone: DDIM or DPM-Solver-2M towards noise.
/// </summary>
internal sealed class SolvedStates(SamplingRun run, int order) : IStateSource
{
    private Tensor? state;
    private Tensor? noiseBefore;
    private SchedulePoint? before;

    public void Record(int gridIndex, Tensor recorded)
    {
        if (gridIndex == run.Grid.Steps)
        {
            state = recorded.alias();
            run.Meter.Store(recorded);
        }
    }

    public Tensor At(int node, SchedulePoint point) => state!.alias();

    public void Passed(int node, SchedulePoint at, SchedulePoint next, Tensor output)
    {
        using DisposeScope scope = NewDisposeScope();
        PredictionConversion conversion = PredictionConversion.Checked(run.Denoiser.Prediction, Prediction.Noise, at);
        Tensor noise = output.Times(conversion.Output).AddTimes(state!, conversion.State);
        var step = new ExponentialStep(at, next, Prediction.Noise, stochastic: false);
        (double now, double past) = AdjointDeisStep.Extrapolation(before, at, step.H, order);
        Tensor solved = state!.Times(step.State).AddTimes(noise, step.Weight(1) * now);
        if (past != 0)
        {
            solved.AddTimes(noiseBefore!, step.Weight(1) * past);
        }

        Replace(ref state, solved);
        if (order == 2 && noiseBefore is null)
        {
            run.Meter.Store(noise);
        }

        Replace(ref noiseBefore, noise);
        before = at;
    }

    public void Dispose()
    {
        state?.Dispose();
        noiseBefore?.Dispose();
    }

    // Held across the adjoint's own scopes until the tape is disposed.
    private static void Replace(ref Tensor? held, Tensor value)
    {
        held?.Dispose();
        held = value.DetachFromDisposeScope();
    }
}
