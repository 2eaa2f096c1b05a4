using static Costate.Elementary;

namespace Costate;

internal sealed class VpCosineSchedule : VariancePreservingSchedule
{
    private readonly double offset;
    private readonly double rate;
    private readonly double cosine;
    private readonly double tangent;

    internal VpCosineSchedule(double offset)
    {
        if (!(offset >= 0 && double.IsFinite(offset)))
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"Got offset {offset}; it must be finite and not negative.");
        }

        this.offset = offset;
        rate = 0.5 * Math.PI / (1 + offset);
        cosine = Math.Cos(rate * offset);
        tangent = Math.Tan(rate * offset);
    }

    // cos(u0 + d)/cos(u0) with u0 = rate offset, d = rate t: expanded about u0 for small d, about pi/2 for large.
    public override double LogAlpha(double t)
    {
        double d = rate * InDomain(t);
        double half = Math.Sin(0.5 * d);
        return t < 0.5
            ? LogOnePlus((-2 * half * half) - (Math.Sin(d) * tangent))
            : Math.Log(Math.Sin(rate * (1 - t)) / cosine);
    }

    public override double Drift(double t) => InDomain(t) < 0.5
        ? -rate * Math.Tan(rate * (t + offset))
        : -rate / Math.Tan(rate * (1 - t));

    public override string ToString() => FormattableString.Invariant($"VpCosine({offset:R})");

    protected override double TimeAtLogAlpha(double logAlpha)
    {
        // Near t = 0 the arc sine cancels; there log alpha = -(d tan u0 + d^2/2) to first order.
        double t = logAlpha > -1e-2
            ? -2 * logAlpha / (tangent + Math.Sqrt((tangent * tangent) - (2 * logAlpha))) / rate
            : 1 - (Math.Asin(cosine * Math.Exp(logAlpha)) / rate);

        // Newton steps on the accurate logarithm restore the last digits.
        for (int i = 0; i < 4 && t is > 0 and < 1; i++)
        {
            t = Math.Clamp(t - ((LogAlpha(t) - logAlpha) / Drift(t)), 0, 1);
        }

        return logAlpha == 0 ? 0 : t;
    }
}
