namespace Costate;

internal sealed class VpScaledLinearSchedule : VariancePreservingSchedule
{
    private readonly double root0;
    private readonly double rootSlope;
    private readonly double beta1;

    internal VpScaledLinearSchedule(double beta0, double beta1)
    {
        NoiseRates.Check(beta0, beta1);
        root0 = Math.Sqrt(beta0);
        rootSlope = Math.Sqrt(beta1) - root0;
        this.beta1 = beta1;
    }

    // -(1/2) times the integral of beta(t) = (root0 + rootSlope t)^2.
    public override double LogAlpha(double t) =>
        -0.5 * InDomain(t) * ((root0 * root0) + (t * ((root0 * rootSlope) + (t * rootSlope * rootSlope / 3))));

    public override double Drift(double t)
    {
        double root = root0 + (rootSlope * InDomain(t));
        return -0.5 * root * root;
    }

    public override string ToString() => FormattableString.Invariant($"VpScaledLinear({root0 * root0:R}, {beta1:R})");

    protected override double TimeAtLogAlpha(double logAlpha)
    {
        if (logAlpha == 0 || double.IsInfinity(logAlpha))
        {
            return logAlpha == 0 ? 0 : double.PositiveInfinity;
        }

        double t = rootSlope == 0
            ? -2 * logAlpha / (root0 * root0)
            : (Math.Cbrt((root0 * root0 * root0) - (6 * rootSlope * logAlpha)) - root0) / rootSlope;

        // The cube root cancels near t = 0; Newton steps on the exact polynomial restore the relative accuracy.
        for (int i = 0; i < 3 && t is > 0 and < 1; i++)
        {
            t = Math.Max(t - ((LogAlpha(t) - logAlpha) / Drift(t)), 0);
        }

        return t;
    }
}
