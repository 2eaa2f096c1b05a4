using static TorchSharp.torch;

namespace Costate;

/// <summary>PnP-Flow.</summary>
internal sealed class FlowDenoising(double rate, int steps, double exponent, int draws) : AnnealedMethod
{
    // At time 1 there is no signal and no level.
    private readonly double[] times = [.. Enumerable.Range(0, steps).Select(k => 1 - ((k + 1.0) / (steps + 1)))];

    public override string ToString() => $"PnP-Flow, {steps} steps";

    internal override double[] Levels => [.. times.Select(time => time / (1 - time))];

    internal override Tensor Take(AnnealedStep step)
    {
        double strength = rate * Math.Pow(times[step.Index], exponent);
        Tensor residual = step.Measurement.Difference(step.X).to(step.X.dtype);
        Tensor moved = step.X.clone().AddTimes(step.Measurement.Operator.MapTransposed(residual).reshape(step.X.shape), strength);
        Tensor? sum = null;
        for (int i = 0; i < draws; i++)
        {
            sum = sum.PlusTimes(step.Down(Solver.Ddim(), 1, moved.clone().AddTimes(step.Noise(moved), step.Level)), 1.0 / draws);
        }

        return sum!;
    }
}
