using static Costate.Elementary;

namespace Costate;

/// <summary>
/// The exact step of the semilinear diffusion ODE or SDE between two points of a schedule, for a prediction that is a polynomial
/// in lambda: <c>x_t = A x_s + sum_k E_k m^(k-1) + C n</c>, with <c>m^(k)</c> its k-th derivative in lambda at s.
/// </summary>
/// <remarks>
/// With h = lambda_t - lambda_s (DPM-Solver, eq. 3.4; DPM-Solver++, eq. 8; SDE forms: DPM-Solver++, section 5):
/// <c>E_k = scale h^k phi_k(rate h)</c>, where rate = 1 and scale = -sigma_t in noise prediction, rate = -1 and scale = alpha_t in
/// data prediction; for the SDE the noise form doubles its scale and the data form doubles both.
/// </remarks>
internal readonly struct ExponentialStep
{
    private readonly double rate;
    private readonly double scale;
    private readonly SchedulePoint s;
    private readonly SchedulePoint t;
    private readonly bool noisePrediction;
    private readonly int factor;

    internal ExponentialStep(SchedulePoint s, SchedulePoint t, Prediction prediction, bool stochastic)
    {
        this.s = s;
        this.t = t;
        noisePrediction = prediction == Prediction.Noise;
        factor = stochastic ? 2 : 1;
        rate = noisePrediction ? 1 : -factor;
        scale = factor * (noisePrediction ? -t.Sigma : t.Alpha);
        H = t.Lambda - s.Lambda;
        double sigmas = t.Sigma / s.Sigma;
        State = noisePrediction ? t.Alpha / s.Alpha : sigmas * (stochastic ? Math.Exp(-H) : 1);
        Noise = !stochastic || t.Sigma == 0 ? 0 : t.Sigma * Math.Sqrt(noisePrediction ? ExpMinusOne(2 * H) : -ExpMinusOne(-2 * H));
        Clock = noisePrediction
            ? new NoiseInterval(Math.Exp(-2 * s.Lambda), Math.Exp(-2 * t.Lambda))
            : new NoiseInterval(Math.Exp(2 * s.Lambda), Math.Exp(2 * t.Lambda));
    }

    /// <summary>What the methods of order 1 share, as text; null for noise prediction unless there is no signal at the start.</summary>
    internal static string EulerIdentity(Prediction? prediction) =>
        $"exponential Euler in {prediction ?? Prediction.Noise} "
            + $"prediction{(prediction is null ? $", {Prediction.Data} where the grid starts without signal" : "")}";

    /// <summary>lambda_t - lambda_s.</summary>
    internal double H { get; }

    /// <summary>A, the weight of the state.</summary>
    internal double State { get; }

    /// <summary>C, the weight of a standard normal vector.</summary>
    internal double Noise { get; }

    /// <summary>The stretch of the Brownian path behind that vector.</summary>
    internal NoiseInterval Clock { get; }

    /// <summary>E_k, k from 1.</summary>
    internal double Weight(int k)
    {
        if (k == 1)
        {
            // Where noise ends, sigma_t (e^h - 1) is 0 times infinity; its limit is alpha_t sigma_s/alpha_s.
            return noisePrediction && t.Sigma == 0
                ? -factor * t.Alpha * s.NoiseToSignal
                : scale * ExpMinusOne(rate * H) / rate;
        }

        return scale * Math.Pow(H, k) * Phi.Of(k, rate * H);
    }
}
