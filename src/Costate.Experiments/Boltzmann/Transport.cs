namespace Costate.Experiments.Boltzmann;

/// <summary>Wasserstein distances of numbers, of which some count more than others.</summary>
internal static class Transport
{
    /// <summary>
    /// Equally many equal shares of a law of weighted numbers: of each position <c>(i + 1/2)/count</c> the number at which the sorted
    /// weights reach it.
    /// </summary>
    internal static double[] Quantiles(IReadOnlyList<double> values, IReadOnlyList<double>? weights, int count)
    {
        (double Value, double Weight)[] sorted =
        [
            .. values.Select((value, i) => (value, weights?[i % weights.Count] ?? 1)).OrderBy(each => each.value),
        ];
        double sum = sorted.Sum(each => each.Weight), reached = 0;
        double[] chosen = new double[count];
        int at = -1;
        for (int i = 0; i < count; i++)
        {
            while (at + 1 < sorted.Length && (at < 0 || reached < (i + 0.5) / count * sum))
            {
                reached += sorted[++at].Weight;
            }

            chosen[i] = sorted[at].Value;
        }

        return chosen;
    }

    /// <summary>The root mean square difference of as many quantiles.</summary>
    internal static double Distance(double[] one, double[] other) =>
        Math.Sqrt(one.Zip(other, (a, b) => (a - b) * (a - b)).Average());
}
