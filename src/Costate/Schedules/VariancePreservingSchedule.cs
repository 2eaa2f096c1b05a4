using static Costate.Elementary;

namespace Costate;

/// <summary>What all schedules with <c>alpha^2 + sigma^2 = 1</c> share; each is then given by <c>log alpha</c> alone.</summary>
internal abstract class VariancePreservingSchedule : NoiseSchedule
{
    private const double HalfLn2 = 0.34657359027997264;

    internal override string? Identity => ToString();

    public override double LogSigma(double t) => LogSigmaFromLogAlpha(LogAlpha(t));

    // With alpha^2 + sigma^2 = 1, d lambda/dt = f/sigma^2, so g^2 = -2 f.
    public override double DiffusionSquared(double t) => -2 * Drift(t);

    public override double TimeAtHalfLogSnr(double lambda)
    {
        if (double.IsNaN(lambda))
        {
            throw new ArgumentOutOfRangeException(nameof(lambda), lambda, "Got NaN; a half log-SNR is a number or an infinity.");
        }

        // log alpha = -log(1 + exp(-2 lambda))/2, without overflow for very noisy lambda.
        double logAlpha = lambda >= 0 ? -0.5 * LogOnePlus(Math.Exp(-2 * lambda)) : lambda - (0.5 * LogOnePlus(Math.Exp(2 * lambda)));
        return FoundTime(SnapToDomain(TimeAtLogAlpha(logAlpha)), lambda);
    }

    /// <summary>The inverse of <see cref="NoiseSchedule.LogAlpha"/>; may return a number a rounding error outside [0, 1].</summary>
    protected abstract double TimeAtLogAlpha(double logAlpha);

    // log(1 - alpha^2)/2: exp(x) - 1 keeps the digits while alpha is near 1, log(1 + x) while it is near 0.
    internal static double LogSigmaFromLogAlpha(double logAlpha) => logAlpha > -HalfLn2
        ? 0.5 * Math.Log(-ExpMinusOne(2 * logAlpha))
        : 0.5 * LogOnePlus(-Math.Exp(2 * logAlpha));

    private static double SnapToDomain(double t) => t switch
    {
        < 0 and > -1e-12 => 0,
        > 1 and < 1 + 1e-12 => 1,
        _ => t,
    };
}
