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

    public override double Drift(double t) => -rate / Math.Tan(rate * (1 - InDomain(t)));

    public override string ToString() => FormattableString.Invariant($"VpCosine({offset:R})");

    protected override double TimeAtLogAlpha(double logAlpha)
    {
        double alpha = Math.Exp(logAlpha);
        double t = 1 - (Math.Asin(Math.Min(cosine * alpha, 1)) / rate);

        // The arc sine cancels near t = 0; Newton steps on the accurate logarithm restore the digits.
        for (int i = 0; i < 3 && t is > 0 and < 1 && logAlpha < 0; i++)
        {
            t = Math.Clamp(t - ((LogAlpha(t) - logAlpha) / Drift(t)), 0, 1);
        }

        return logAlpha == 0 ? 0 : t;
    }
}
