namespace Costate;

internal sealed class VpLinearSchedule : VariancePreservingSchedule
{
    private readonly double beta0;
    private readonly double slope;

    internal VpLinearSchedule(double beta0, double beta1)
    {
        NoiseRates.Check(beta0, beta1);
        this.beta0 = beta0;
        slope = beta1 - beta0;
    }

    public override double LogAlpha(double t) => -((0.25 * slope * InDomain(t)) + (0.5 * beta0)) * t;

    public override double Drift(double t) => -0.5 * (beta0 + (slope * InDomain(t)));

    public override string ToString() => FormattableString.Invariant($"VpLinear({beta0:R}, {beta0 + slope:R})");

    // The root of slope t^2/4 + beta0 t/2 + log alpha = 0, in the form that does not cancel near t = 0.
    protected override double TimeAtLogAlpha(double logAlpha) => logAlpha == 0
        ? 0
        : -2 * logAlpha / ((0.5 * beta0) + Math.Sqrt((0.25 * beta0 * beta0) - (slope * logAlpha)));
}
