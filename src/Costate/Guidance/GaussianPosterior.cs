using static TorchSharp.torch;

namespace Costate;

/// <summary>What is known of z from <c>N(z; centre, deviation^2 I)</c> and a measurement <c>y = A z + noise</c>: a Gaussian.</summary>
internal sealed class GaussianPosterior(Measurement measurement, Tensor centre, double deviation)
{
    private readonly double noise = measurement.NoiseLevel * measurement.NoiseLevel;

    /// <summary>
    /// Its mean for two vectors of zeros; for standard normal ones a draw of it, as the mean of a perturbed problem, which has the right
    /// covariance.
    /// </summary>
    /// <param name="ofData">Like the centre.</param>
    /// <param name="ofMeasurement">Like an observation.</param>
    internal Tensor Draw(Tensor ofData, Tensor ofMeasurement)
    {
        LinearOperator a = measurement.Operator;
        Tensor prior = centre.clone().AddTimes(ofData, deviation);
        Tensor residual = measurement.Difference(prior).to(prior.dtype)
            .AddTimes(a.OnObserved(ofMeasurement), measurement.NoiseLevel);
        Tensor solution = a.SolveNormal(residual, deviation * deviation, noise);
        return prior.AddTimes(a.MapTransposed(solution).reshape(prior.shape), deviation * deviation);
    }

    /// <summary>A step of Langevin dynamics: <c>z - rate grad + sqrt(2 rate) n</c> of the negative log-density.</summary>
    internal Tensor Langevin(Tensor z, Tensor n, double rate)
    {
        Tensor pull = measurement.Operator.MapTransposed(measurement.Difference(z).to(z.dtype)).reshape(z.shape);
        return z.Times(1 - (rate / (deviation * deviation)))
            .AddTimes(centre, rate / (deviation * deviation))
            .AddTimes(pull, rate / noise)
            .AddTimes(n, Math.Sqrt(2 * rate));
    }
}
