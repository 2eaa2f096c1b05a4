using static TorchSharp.torch;

namespace Costate;

/// <summary>FlowDPS.</summary>
internal sealed class FlowPosterior(double rate, int iterations) : PosteriorMethod
{
    public override string ToString() => FormattableString.Invariant($"FlowDPS, {iterations} steps of {rate}");

    internal override double Eta => 0;

    internal override (Tensor Data, Tensor Next) Take(PosteriorStep step)
    {
        Tensor data = step.Predict(), moved = data;
        Tensor noise = step.X.Times(1 / step.At.Sigma).AddTimes(data, -step.At.Alpha / step.At.Sigma);
        for (int k = 0; k < iterations; k++)
        {
            moved = moved.clone().AddTimes(LossFunction.Evaluate(step.Measurement.Norm, moved, mustBeFinite: false).Cotangent, -rate);
        }

        Tensor mixed = data.Times(1 - step.At.Sigma).AddTimes(moved, step.At.Sigma);
        double next = step.At.NextSigma;
        Tensor fresh = noise.Times(Math.Sqrt(next));
        return (
            data,
            mixed.Times(step.At.NextAlpha).AddTimes(next == 0 ? fresh : fresh.AddTimes(step.Noise(), Math.Sqrt(1 - next)), next));
    }
}
