using static Costate.Elementary;

namespace Costate;

/// <summary>A training schedule of <c>n</c> steps: knots of <c>log alpha</c> at times <c>0, 1/n, ..., 1</c>, linear between.</summary>
internal sealed class DiscreteSchedule : VariancePreservingSchedule
{
    private readonly double[] logAlphas;

    private DiscreteSchedule(double[] logAlphas) => this.logAlphas = logAlphas;

    private int Count => logAlphas.Length - 1;

    internal static DiscreteSchedule CreateFromBetas(double[] betas)
    {
        ArgumentNullException.ThrowIfNull(betas);
        double[] logAlphas = new double[betas.Length + 1];
        for (int k = 0; k < betas.Length; k++)
        {
            bool valid = (betas[k] > 0 && betas[k] < 1) || (betas[k] == 0 && k == 0) || (betas[k] == 1 && k == betas.Length - 1);
            logAlphas[k + 1] = valid
                ? logAlphas[k] + (0.5 * LogOnePlus(-betas[k]))
                : throw new InputException(
                    nameof(betas),
                    FormattableString.Invariant($"{betas[k]:R} at training step {k}"),
                    "in (0, 1)",
                    "The first may be 0, a step without noise, and the last 1, which leaves no signal.");
        }

        return WithNoise(logAlphas, nameof(betas));
    }

    internal static DiscreteSchedule CreateFromAlphasCumprod(double[] alphasCumprod)
    {
        ArgumentNullException.ThrowIfNull(alphasCumprod);
        double[] logAlphas = new double[alphasCumprod.Length + 1];
        for (int k = 0; k < alphasCumprod.Length; k++)
        {
            double value = alphasCumprod[k];
            double before = k == 0 ? 1 : alphasCumprod[k - 1];
            bool valid = (value > 0 || (value == 0 && k == alphasCumprod.Length - 1)) && (value < before || (value == 1 && k == 0));
            logAlphas[k + 1] = valid
                ? 0.5 * Math.Log(value)
                : throw new InputException(
                    nameof(alphasCumprod),
                    FormattableString.Invariant($"{value:R} after {before:R} at training step {k}"),
                    "strictly falling within (0, 1)",
                    "The first may be 1, a step without noise, and the last 0, which leaves no signal.");
        }

        return WithNoise(logAlphas, nameof(alphasCumprod));
    }

    public override double LogAlpha(double t)
    {
        (int k, double fraction) = Segment(InDomain(t));
        double low = logAlphas[k];
        double high = logAlphas[k + 1];
        return fraction == 0 ? low
            : fraction == 1 ? high
            : double.IsInfinity(high) ? low + LogOnePlus(-fraction)
            : low + (fraction * (high - low));
    }

    public override double Drift(double t)
    {
        (int k, double fraction) = Segment(InDomain(t));
        double high = logAlphas[k + 1];
        return double.IsInfinity(high) ? -Count / (1 - fraction) : Count * (high - logAlphas[k]);
    }

    public override string ToString() => $"Discrete({Count} steps, {Fingerprint.Of(logAlphas)})";

    protected override double TimeAtLogAlpha(double logAlpha)
    {
        // Clean data is at time 0, and up to time 1/n where the first training step adds no noise.
        if (logAlpha == 0)
        {
            return 0;
        }

        if (logAlpha < logAlphas[^1])
        {
            // A rounding error beyond the last knot is the last knot; more is reported by the caller.
            return logAlpha > logAlphas[^1] * (1 + 1e-12) ? 1 : double.PositiveInfinity;
        }

        int k = Array.BinarySearch(logAlphas, logAlpha, Descending);
        if (k >= 0)
        {
            return (double)k / Count;
        }

        k = ~k - 1;
        double low = logAlphas[k];
        double high = logAlphas[k + 1];
        double fraction = double.IsInfinity(high) ? -ExpMinusOne(logAlpha - low) : (logAlpha - low) / (high - low);
        return (k + fraction) / Count;
    }

    private static readonly IComparer<double> Descending = Comparer<double>.Create((a, b) => b.CompareTo(a));

    private static DiscreteSchedule WithNoise(double[] logAlphas, string name) => logAlphas[^1] < 0
        ? new DiscreteSchedule(logAlphas)
            : throw new InputException(
                name,
                logAlphas.Length == 1 ? "no values" : "a single training step without noise",
                "a training schedule of at least one step with noise");

    // At a knot the segment above it (towards noise), except at time 1.
    private (int Index, double Fraction) Segment(double t)
    {
        double position = t * Count;
        double nearest = Math.Round(position);
        if (Math.Abs(position - nearest) <= 1e-13 * Math.Max(position, 1))
        {
            position = nearest;
        }

        int k = Math.Min((int)position, Count - 1);
        return (k, position - k);
    }
}
