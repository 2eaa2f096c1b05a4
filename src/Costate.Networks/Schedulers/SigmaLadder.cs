using MathNet.Numerics.Distributions;

namespace Costate.Networks;

/// <summary>Noise levels between two ends that do not follow the training steps.</summary>
internal enum SigmaLadder
{
    /// <summary>None: the training steps decide.</summary>
    None,

    /// <summary>Equal steps in sigma^(1/7) (Karras et al. 2022).</summary>
    Karras,

    /// <summary>Equal steps in log sigma, the log-SNR (Lu et al. 2022).</summary>
    Lu,

    /// <summary>Equal steps in log sigma, as <see cref="Lu"/>; the two round the network's timesteps differently.</summary>
    Exponential,

    /// <summary>Quantiles of the Beta(0.6, 0.6) distribution (Lee et al. 2024).</summary>
    Beta,
}

/// <summary>Reads and computes noise levels of a <see cref="SigmaLadder"/>.</summary>
internal static class SigmaLadders
{
    private const double Rho = 7;
    private const double BetaShape = 0.6;

    private static readonly (string Name, SigmaLadder Ladder)[] Flags =
    [
        ("use_karras_sigmas", SigmaLadder.Karras),
        ("use_exponential_sigmas", SigmaLadder.Exponential),
        ("use_beta_sigmas", SigmaLadder.Beta),
        ("use_lu_lambdas", SigmaLadder.Lu),
    ];

    /// <summary>Reads the flags, of which at most one may be set.</summary>
    internal static SigmaLadder Read(SchedulerOptions options, bool hasLu)
    {
        (string Name, SigmaLadder Ladder)[] set =
        [
            .. Flags.Where(flag => (hasLu || flag.Ladder != SigmaLadder.Lu) && options.Flag(flag.Name, false)),
        ];
        return set.Length switch
        {
            0 => SigmaLadder.None,
            1 => set[0].Ladder,
            _ => throw options.Error(
                $"{string.Join(" and ", set.Select(flag => flag.Name))} are true; at most one can be. Set the others to false."),
        };
    }

    /// <summary>Noise levels from <paramref name="max"/> down to <paramref name="min"/>.</summary>
    internal static double[] Levels(this SigmaLadder ladder, double max, double min, int count)
    {
        double[] levels = ladder switch
        {
            SigmaLadder.Karras =>
            [
                .. Ramp.Linear(Math.Pow(max, 1 / Rho), Math.Pow(min, 1 / Rho), count).Select(root => Math.Pow(root, Rho)),
            ],
            SigmaLadder.Lu or SigmaLadder.Exponential => [.. Ramp.Linear(Math.Log(max), Math.Log(min), count).Select(Math.Exp)],
            SigmaLadder.Beta => [.. Ramp.Linear(1, 0, count).Select(p => min + (BetaQuantile(p) * (max - min)))],
            _ => throw new ArgumentOutOfRangeException(nameof(ladder), ladder, "It has no levels of its own."),
        };

        // The ends are given: no rounding on the way through powers and logarithms.
        levels[0] = max;
        if (count > 1)
        {
            levels[^1] = min;
        }

        return levels;
    }

    private static double BetaQuantile(double p) => p is <= 0 or >= 1 ? p : Beta.InvCDF(BetaShape, BetaShape, p);
}
