using static Costate.Elementary;

namespace Costate;

internal sealed class RectifiedFlowSchedule : NoiseSchedule
{
    internal override string? Identity => ToString();

    public override double LogAlpha(double t) => LogOnePlus(-InDomain(t));

    public override double LogSigma(double t) => Math.Log(InDomain(t));

    public override double Alpha(double t) => 1 - InDomain(t);

    public override double Sigma(double t) => InDomain(t);

    public override double TimeAtHalfLogSnr(double lambda) => double.IsNaN(lambda)
        ? throw new ArgumentOutOfRangeException(nameof(lambda), lambda, "Got NaN; a half log-SNR is a number or an infinity.")
        : lambda >= 0 ? Math.Exp(-lambda) / (1 + Math.Exp(-lambda)) : 1 / (1 + Math.Exp(lambda));

    public override double Drift(double t) => -1 / (1 - InDomain(t));

    // -2 t^2 d lambda/dt with d lambda/dt = -1/(t (1 - t)).
    public override double DiffusionSquared(double t) => 2 * InDomain(t) / (1 - t);

    public override string ToString() => "RectifiedFlow()";
}
