namespace Costate.Networks;

/// <summary>The noise levels of networks with EDM's preconditioning (Karras et al. 2022, table 1).</summary>
/// <remarks>
/// Such a network is given <c>y = x / sqrt(level^2 + deviation^2)</c> of noisy data <c>x = x0 + level eps</c> and its output F makes
/// <c>D = deviation^2/(level^2 + deviation^2) x + level deviation/sqrt(level^2 + deviation^2) F</c>. With <c>alpha</c> and <c>sigma</c> the
/// cosine and the sine of the angle whose tangent is <c>level/deviation</c>, y is <c>alpha x0/deviation + sigma eps</c> and
/// <c>D/deviation = alpha y + sigma F</c>: a variance-preserving schedule on data of deviation 1, and a network that predicts its
/// negative velocity.
/// </remarks>
internal sealed class EdmNoise
{
    private readonly double rho;

    private EdmNoise(double least, double most, double deviation, double rho) =>
        (Least, Most, Deviation, this.rho) = (least, most, deviation, rho);

    /// <summary>The angle of the schedule is a quarter turn of the time.</summary>
    internal static NoiseSchedule Schedule { get; } = NoiseSchedule.VpCosine(0);

    internal double Least { get; }

    internal double Most { get; }

    /// <summary>The deviation of the data.</summary>
    internal double Deviation { get; }

    internal static EdmNoise Read(SchedulerOptions options)
    {
        (double least, double most) = (options.Number("sigma_min", 0.002), options.Number("sigma_max", 80));
        (double deviation, double rho) = (options.Number("sigma_data", 0.5), options.Number("rho", 7));
        return least > 0 && most > least && deviation > 0 && rho > 0 && double.IsFinite(most) && double.IsFinite(deviation)
            ? new EdmNoise(least, most, deviation, rho)
            : throw options.Error(
                $"sigma_min is {least}, sigma_max {most}, sigma_data {deviation} and rho {rho}; they must be positive, the first below the "
                    + "second.");
    }

    /// <summary>The noise level at a fraction of the way from the highest to the lowest, on Karras's ladder.</summary>
    internal double Karras(double fraction)
    {
        double high = Math.Pow(Most, 1 / rho);
        return fraction == 0 ? Most : fraction == 1 ? Least
            : Math.Pow(high + (fraction * (Math.Pow(Least, 1 / rho) - high)), rho);
    }

    /// <summary>The time of a noise level.</summary>
    internal double TimeOf(double level) => level == 0 ? 0 : Schedule.TimeAtHalfLogSnr(Math.Log(Deviation / level));

    /// <summary>The length of a state at a noise level per length of what the network is given.</summary>
    internal double Length(double level) => Math.Sqrt((level * level) + (Deviation * Deviation));

    /// <summary>What the network is told of a noise level, in units of a quarter of its logarithm.</summary>
    internal static double Told(double level) => 0.25 * Math.Log(level);
}
