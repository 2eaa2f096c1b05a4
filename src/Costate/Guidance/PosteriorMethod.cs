using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// A training-free method for linear measurements, <c>y = A x + noise</c>, whose step is known in closed form (see
/// <see cref="PosteriorSampler"/>).
/// </summary>
/// <remarks>
/// With m the predicted data, J its Jacobian and S the DDIM step of the given eta. None of them samples the posterior where it has several
/// modes; particles do. Immutable and safe to share between threads.
/// </remarks>
public abstract class PosteriorMethod
{
    private protected PosteriorMethod()
    {
    }

    /// <summary>Noise of the DDIM step, in [0, 1].</summary>
    internal abstract double Eta { get; }

    /// <summary>
    /// The score of the measurement added to that of the prior, as its likelihood under a Gaussian of the predicted data:
    /// <c>m' = m + sigma^2/alpha J' A' (A C A' + noise^2 I)^-1 (y - A m)</c>, then S. PiGDM (Song et al. 2023) with
    /// <see cref="DataCovariance.Isotropic"/>, TMPD (Boys et al. 2023) with <see cref="DataCovariance.FromJacobian"/>. One evaluation and
    /// one vector-Jacobian product a step.
    /// </summary>
    /// <param name="covariance">C. The default is PiGDM's, of data of variance 1.</param>
    /// <param name="eta">Noise of the DDIM step, in [0, 1]. The default value is 1.</param>
    /// <param name="additive">PiGDM's published form: S on m, and the score added to it with the weight of the data's variance, that is
    /// <c>alpha_s alpha_t r^2</c>. For <see cref="DataCovariance.Isotropic"/> alone. The default value is false.</param>
    /// <exception cref="InputException">Eta is outside [0, 1], or the additive form is asked of another covariance.</exception>
    public static PosteriorMethod PiGdm(DataCovariance? covariance = null, double eta = 1, bool additive = false)
    {
        DataCovariance c = covariance ?? DataCovariance.Isotropic();
        return !additive || c is IsotropicCovariance
            ? new LikelihoodScore(c, Checked(eta), additive)
            : throw new InputException(
                nameof(additive),
                $"the additive form with a covariance {c}",
                $"of {nameof(DataCovariance)}.{nameof(DataCovariance.Isotropic)}");
    }

    /// <summary><see cref="PiGdm"/> with <see cref="DataCovariance.FromJacobian"/>: exact where the data are Gaussian.</summary>
    /// <param name="eta">Noise of the DDIM step, in [0, 1]. The default value is 1.</param>
    /// <exception cref="InputException">Eta is outside [0, 1].</exception>
    public static PosteriorMethod Tmpd(double eta = 1) => PiGdm(DataCovariance.FromJacobian(), eta);

    /// <summary>
    /// DDNM (Wang et al. 2023): the data are moved onto the measurement, <c>m' = m - A^+ (A m - y)</c>, then S. For measurements without
    /// noise; no gradient of the network.
    /// </summary>
    /// <param name="eta">Noise of the DDIM step, in [0, 1]. The default value is 0.85, as published.</param>
    /// <exception cref="InputException">Eta is outside [0, 1].</exception>
    public static PosteriorMethod Ddnm(double eta = 0.85) => new RangeNullSpace(Checked(eta));

    /// <summary>
    /// DDNM+ (Wang et al. 2023): each singular direction is moved as far as the noise of a DDPM step covers that of the measurement, whose
    /// part is taken out of the step's noise. For operators with a closed form (see <see cref="LinearOperator.SolveNormal"/>).
    /// </summary>
    public static PosteriorMethod DdnmPlus() => new NoisyRangeNullSpace();

    /// <summary>
    /// DiffPIR (Zhu et al. 2023): <c>m' = argmin |y - A z|^2 + rho |z - m|^2</c> with <c>rho = 2 strength noise^2 alpha^2/sigma^2</c>, then
    /// <c>x_s = alpha_s m' + sigma_s (sqrt(xi) n + sqrt(1 - xi) (x_t - alpha_t m')/sigma_t)</c>. No gradient of the network.
    /// </summary>
    /// <param name="strength">lambda. The default value is 8, as published; 1/2 makes m' the posterior mean under a Gaussian of deviation
    /// sigma/alpha around m.</param>
    /// <param name="xi">The part of the noise that is drawn anew, in [0, 1]. The default value is 1.</param>
    /// <exception cref="InputException">The strength is not positive and finite, or xi outside [0, 1].</exception>
    public static PosteriorMethod DiffPir(double strength = 8, double xi = 1)
    {
        if (!(strength > 0 && double.IsFinite(strength)))
        {
            throw new InputException(nameof(strength), FormattableString.Invariant($"{strength}"), "positive and finite");
        }

        return xi is >= 0 and <= 1
            ? new ProximalStep(strength, xi)
            : throw new InputException(nameof(xi), FormattableString.Invariant($"{xi}"), "in [0, 1]");
    }

    /// <summary>
    /// FlowDPS (Kim et al. 2025): gradient steps on the predicted data against the norm of the residual, of which a part that grows
    /// with the noise is taken, and noise that is mixed with fresh one: <c>m' = (1 - sigma) m + sigma m_y</c>,
    /// <c>x_s = alpha_s m' + sigma_s (sqrt(sigma_s) eps + sqrt(1 - sigma_s) n)</c>. Made for rectified flows; no gradient of the network.
    /// </summary>
    /// <param name="rate">Of the gradient steps. The default value is 30, for latents of images.</param>
    /// <param name="iterations">Gradient steps. The default value is 3.</param>
    /// <exception cref="InputException">The rate is not positive and finite, or there is no iteration.</exception>
    public static PosteriorMethod FlowDps(double rate = 30, int iterations = 3)
    {
        if (!(rate > 0 && double.IsFinite(rate)))
        {
            throw new InputException(nameof(rate), FormattableString.Invariant($"{rate}"), "positive and finite");
        }

        return iterations >= 1
            ? new FlowPosterior(rate, iterations)
            : throw new InputException(nameof(iterations), $"{iterations}", "at least 1");
    }

    /// <summary>A step: the predicted data and the next state, in the caller's dispose scope.</summary>
    internal abstract (Tensor Data, Tensor Next) Take(PosteriorStep step);

    private static double Checked(double eta) => eta is >= 0 and <= 1
        ? eta
        : throw new InputException(nameof(eta), FormattableString.Invariant($"{eta}"), "in [0, 1]");
}
