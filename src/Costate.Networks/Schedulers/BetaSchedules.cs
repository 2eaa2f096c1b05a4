namespace Costate.Networks;

/// <summary>The noise rates beta of the training steps, by the names that diffusers gives them.</summary>
internal static class BetaSchedules
{
    internal const string Linear = "linear";
    internal const string ScaledLinear = "scaled_linear";
    internal const string Cosine = "squaredcos_cap_v2";
    internal const string Exponential = "exp";
    internal const string Laplace = "laplace";
    internal const string Sigmoid = "sigmoid";

    /// <summary>Those that every scheduler has, the usual default first.</summary>
    internal static readonly string[] Usual = [Linear, ScaledLinear, Cosine];

    private const double MaxBeta = 0.999;

    internal static double[] Create(string name, int count, double start, double end) => name switch
    {
        Linear => Ramp.Linear(start, end, count),
        ScaledLinear => [.. Ramp.Linear(Math.Sqrt(start), Math.Sqrt(end), count).Select(root => root * root)],
        Sigmoid => [.. Ramp.Linear(-6, 6, count).Select(x => start + ((end - start) / (1 + Math.Exp(-x))))],
        Cosine => Capped(count, t => Math.Pow(Math.Cos((t + 0.008) / 1.008 * Math.PI / 2), 2)),
        Exponential => Capped(count, t => Math.Exp(-12 * t)),
        Laplace => Capped(count, LaplaceAlphaBar),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "There is no such schedule."),
    };

    /// <summary>
    /// Shifts and scales alpha so that the last step holds no signal (Lin et al. 2024, algorithm 1). Takes and gives <c>alpha^2</c>.
    /// </summary>
    internal static double[] WithZeroTerminalSnr(IReadOnlyList<double> alphasCumprod)
    {
        double first = Math.Sqrt(alphasCumprod[0]);
        double last = Math.Sqrt(alphasCumprod[^1]);
        return [.. alphasCumprod.Select(value => Math.Pow((Math.Sqrt(value) - last) * first / (first - last), 2))];
    }

    // beta_k = 1 - alphaBar((k + 1)/n)/alphaBar(k/n), capped so that no step destroys all signal.
    private static double[] Capped(int count, Func<double, double> alphaBar) =>
        [.. Enumerable.Range(0, count).Select(k => Math.Min(1 - (alphaBar((k + 1.0) / count) / alphaBar((double)k / count)), MaxBeta))];

    private static double LaplaceAlphaBar(double t)
    {
        double logSnr = -0.5 * Math.CopySign(1, 0.5 - t) * Math.Log(1 - (2 * Math.Abs(0.5 - t)) + 1e-6);
        double snr = Math.Exp(logSnr);
        return Math.Sqrt(snr / (1 + snr));
    }
}
