namespace Costate.Experiments.Guidance;

/// <summary>A mean with the interval that holds the true one in 95 of 100 samples, if the mean of so many is normal.</summary>
internal sealed record MeanInterval(double Mean, double Low, double High)
{
    // The 97.5 % quantile of the normal distribution.
    private const double Quantile = 1.959963984540054;

    /// <summary>Of some numbers; null of none.</summary>
    internal static MeanInterval? Of(IEnumerable<double> values)
    {
        double[] all = [.. values];
        if (all.Length == 0)
        {
            return null;
        }

        double mean = all.Average();
        double variance = all.Length == 1 ? 0 : all.Sum(v => (v - mean) * (v - mean)) / (all.Length - 1);
        double half = Quantile * Math.Sqrt(variance / all.Length);
        return new MeanInterval(mean, mean - half, mean + half);
    }

    /// <summary>Of what is there.</summary>
    internal static MeanInterval? Of(IEnumerable<double?> values) => Of(values.OfType<double>());
}
