using static TorchSharp.torch;

namespace Costate;

/// <summary>DiffPIR: the data nearest to both the measurement and the prediction.</summary>
internal sealed class ProximalStep(double strength, double xi) : PosteriorMethod
{
    public override string ToString() => FormattableString.Invariant($"DiffPIR, lambda {strength}, xi {xi}");

    internal override double Eta => 1;

    internal override (Tensor Data, Tensor Next) Take(PosteriorStep step)
    {
        Tensor data = step.Predict();
        LinearOperator a = step.Measurement.Operator;
        double rho = 2 * strength * step.NoiseVariance / step.ScoreToData * step.At.Alpha;
        Tensor moved = data + a.MapTransposed(a.SolveNormal(step.Residual(data), 1, rho)).reshape(data.shape);
        double kept = step.At.NextSigma * Math.Sqrt(1 - xi) / step.At.Sigma;
        Tensor next = moved.Times(step.At.NextAlpha - (kept * step.At.Alpha)).AddTimes(step.X, kept);
        return (data, step.At.NextSigma * xi == 0 ? next : next.AddTimes(step.Noise(), step.At.NextSigma * Math.Sqrt(xi)));
    }
}
