namespace Costate;

internal sealed class EdmSchedule : NoiseSchedule
{
    private readonly double sigmaMax;

    internal EdmSchedule(double sigmaMax)
    {
        this.sigmaMax = sigmaMax > 0 && double.IsFinite(sigmaMax)
            ? sigmaMax
                : throw new ArgumentOutOfRangeException(
                    nameof(sigmaMax),
                    sigmaMax,
                    $"Got sigmaMax {sigmaMax}; it must be positive and finite.");
    }

    internal override string? Identity => ToString();

    public override double LogAlpha(double t) => 0 * InDomain(t);

    public override double LogSigma(double t) => Math.Log(sigmaMax) + Math.Log(InDomain(t));

    public override double Alpha(double t) => 1 + (0 * InDomain(t));

    public override double Sigma(double t) => sigmaMax * InDomain(t);

    public override double TimeAtHalfLogSnr(double lambda)
    {
        double t = Math.Exp(-lambda - Math.Log(sigmaMax));
        return FoundTime(t is > 1 and < 1 + 1e-12 ? 1 : t, lambda);
    }

    public override double Drift(double t) => 0 * InDomain(t);

    public override double DiffusionSquared(double t) => 2 * sigmaMax * sigmaMax * InDomain(t);

    public override string ToString() => FormattableString.Invariant($"Edm({sigmaMax:R})");
}
