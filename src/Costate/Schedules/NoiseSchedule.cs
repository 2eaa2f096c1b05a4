namespace Costate;

/// <summary>
/// How much signal and how much noise a sample holds at each time: <c>x_t = alpha(t) x_0 + sigma(t) eps</c>.
/// </summary>
/// <remarks>
/// Time runs from 0 (data) to 1 (noise). All arithmetic is in <see cref="double"/>; a schedule is immutable and safe to share
/// between threads. An end at which <c>alpha</c> or <c>sigma</c> is zero is represented exactly: its logarithm is negative
/// infinity and the half log-SNR is infinite, nothing is clamped. Derive from this class to bring a schedule of your own.
/// </remarks>
public abstract class NoiseSchedule
{
    /// <summary>
    /// Variance-preserving with linear beta: <c>log alpha = -(beta1 - beta0) t^2/4 - beta0 t/2</c> (Song et al. 2021, eq. 33).
    /// </summary>
    /// <param name="beta0">Noise rate at time 0. The usual value is 0.1.</param>
    /// <param name="beta1">Noise rate at time 1. The usual value is 20.</param>
    /// <exception cref="ArgumentOutOfRangeException">A rate is negative or not finite, or both are zero.</exception>
    public static NoiseSchedule VpLinear(double beta0 = 0.1, double beta1 = 20) => new VpLinearSchedule(beta0, beta1);

    /// <summary>Variance-preserving with beta linear in its square root, as latent diffusion models use it (Rombach et al. 2022).</summary>
    /// <param name="beta0">Noise rate at time 0. The default value is 0.85.</param>
    /// <param name="beta1">Noise rate at time 1. The default value is 12.</param>
    /// <exception cref="ArgumentOutOfRangeException">A rate is negative or not finite, or both are zero.</exception>
    public static NoiseSchedule VpScaledLinear(double beta0 = 0.85, double beta1 = 12) => new VpScaledLinearSchedule(beta0, beta1);

    /// <summary>
    /// Variance-preserving cosine schedule (Nichol and Dhariwal 2021, eq. 17), without the clipping of its discrete form: alpha(1) = 0.
    /// </summary>
    /// <param name="offset">Keeps the noise near time 0 from vanishing too fast. The default value is 0.008.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="offset"/> is negative or not finite.</exception>
    public static NoiseSchedule VpCosine(double offset = 0.008) => new VpCosineSchedule(offset);

    /// <summary>Rectified flow (Liu et al. 2023): <c>alpha = 1 - t</c>, <c>sigma = t</c>.</summary>
    public static NoiseSchedule RectifiedFlow() => new RectifiedFlowSchedule();

    /// <summary>Variance-exploding schedule of EDM (Karras et al. 2022): <c>alpha = 1</c>, <c>sigma = sigmaMax t</c>.</summary>
    /// <remarks>EDM leaves the choice of the noise levels to the grid; use <see cref="TimeGrid.Karras"/> for its own.</remarks>
    /// <param name="sigmaMax">Standard deviation of the noise at time 1. The default value is 80.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sigmaMax"/> is not positive and finite.</exception>
    public static NoiseSchedule Edm(double sigmaMax = 80) => new EdmSchedule(sigmaMax);

    /// <summary>A discrete training schedule given by its noise rates; see <see cref="FromAlphasCumprod"/>.</summary>
    /// <param name="betas">Noise rates of the training steps, each in (0, 1); the first may be 0 (a step without noise), the last 1 (zero
    /// terminal SNR).</param>
    /// <exception cref="InputException">There are none, a rate leaves its range, or none is positive.</exception>
    public static NoiseSchedule FromBetas(double[] betas) => DiscreteSchedule.CreateFromBetas(betas);

    /// <summary>
    /// A discrete training schedule given by <c>alpha^2</c> at its training times. Training step <c>k</c> of <c>n</c> (from 0)
    /// lies at time <c>(k + 1)/n</c>, and time 0 is clean data; between them <c>log alpha</c> is linear in time.
    /// </summary>
    /// <remarks>
    /// Where the first value is 1, data stay clean up to time 1/n: sigma is 0 and the half log-SNR infinite there, as at time 0, which is
    /// the time of an infinite half log-SNR. Where the last is 0, alpha itself is linear on the last interval.
    /// </remarks>
    /// <param name="alphasCumprod">Strictly decreasing values in (0, 1]; the last may be 0 (zero terminal SNR).</param>
    /// <exception cref="InputException">The values are empty, leave (0, 1], do not decrease, or have no noise at all.</exception>
    public static NoiseSchedule FromAlphasCumprod(double[] alphasCumprod) => DiscreteSchedule.CreateFromAlphasCumprod(alphasCumprod);

    /// <summary>Natural logarithm of the signal's scale at <paramref name="t"/>; negative infinity where the signal is gone.</summary>
    /// <param name="t">Time in [0, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="t"/> is outside [0, 1].</exception>
    public abstract double LogAlpha(double t);

    /// <summary>Natural logarithm of the noise's scale at <paramref name="t"/>; negative infinity where there is no noise.</summary>
    /// <inheritdoc cref="LogAlpha" path="/param"/>
    /// <inheritdoc cref="LogAlpha" path="/exception"/>
    public abstract double LogSigma(double t);

    /// <summary>The time at which <see cref="HalfLogSnr"/> takes the value <paramref name="lambda"/>.</summary>
    /// <param name="lambda">Half log-SNR; infinities stand for the ends where alpha or sigma is zero.</param>
    /// <exception cref="ArgumentOutOfRangeException">No time in [0, 1] has this half log-SNR.</exception>
    public abstract double TimeAtHalfLogSnr(double lambda);

    /// <summary>Coefficient <c>f = d log alpha / dt</c> of the forward SDE <c>dx = f x dt + g dW</c>.</summary>
    /// <inheritdoc cref="LogAlpha" path="/param"/>
    /// <inheritdoc cref="LogAlpha" path="/exception"/>
    public abstract double Drift(double t);

    /// <summary>Coefficient <c>g^2 = -2 sigma^2 d lambda / dt</c> of the forward SDE <c>dx = f x dt + g dW</c>.</summary>
    /// <inheritdoc cref="LogAlpha" path="/param"/>
    /// <inheritdoc cref="LogAlpha" path="/exception"/>
    public abstract double DiffusionSquared(double t);

    /// <summary>Scale of the signal, <c>alpha</c>.</summary>
    /// <inheritdoc cref="LogAlpha" path="/param"/>
    /// <inheritdoc cref="LogAlpha" path="/exception"/>
    public virtual double Alpha(double t) => Math.Exp(LogAlpha(t));

    /// <summary>Scale of the noise, <c>sigma</c>.</summary>
    /// <inheritdoc cref="LogAlpha" path="/param"/>
    /// <inheritdoc cref="LogAlpha" path="/exception"/>
    public virtual double Sigma(double t) => Math.Exp(LogSigma(t));

    /// <summary>
    /// Half the logarithm of the signal-to-noise ratio, <c>lambda = log(alpha/sigma)</c>; it falls strictly from time 0 to time 1.
    /// </summary>
    /// <inheritdoc cref="LogAlpha" path="/param"/>
    /// <inheritdoc cref="LogAlpha" path="/exception"/>
    public virtual double HalfLogSnr(double t) => LogAlpha(t) - LogSigma(t);

    /// <summary>
    /// Noise per unit of signal, <c>sigma/alpha</c>: the sigma of variance-exploding notation and the clock of noise prediction.
    /// </summary>
    /// <inheritdoc cref="LogAlpha" path="/param"/>
    /// <inheritdoc cref="LogAlpha" path="/exception"/>
    public double NoiseToSignal(double t) => Math.Exp(-HalfLogSnr(t));

    /// <summary>All that its numbers depend on, as text. Null for a schedule from elsewhere, of which its numbers alone tell.</summary>
    internal virtual string? Identity => null;

    private protected static double InDomain(double t) => t is >= 0 and <= 1
        ? t
            : throw new ArgumentOutOfRangeException(
                nameof(t),
                t,
                $"Got time {t}; a noise schedule is defined on [0, 1], 0 being data and 1 noise.");

    private protected static double FoundTime(double t, double lambda) => t is >= 0 and <= 1
        ? t
        : throw new ArgumentOutOfRangeException(nameof(lambda), lambda, $"No time in [0, 1] has half log-SNR {lambda} on this schedule.");
}
