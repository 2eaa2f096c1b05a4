namespace Costate.Experiments.Boltzmann;

/// <summary>States of a system, each with its energy, and how far they are from others.</summary>
/// <param name="System">Whose.</param>
/// <param name="States">One after the other.</param>
internal sealed record SystemSamples(BoltzmannSystem System, double[] States)
{
    // Quantiles that are compared; those of pairs as many times more as a state has pairs.
    private const int Quantiles = 1000;

    private readonly Lazy<double[]> energies = new(() =>
    [
        .. Each(System, States).Select(state => System.Energy(state.Span)),
    ]);

    private readonly Lazy<double[]> distances = new(() => [.. Each(System, States).SelectMany(System.Distances)]);

    /// <summary>Of each state; null where all count alike.</summary>
    internal IReadOnlyList<double>? Weights { get; init; }

    internal double[] Energies => energies.Value;

    /// <summary>Of all pairs of all states.</summary>
    internal double[] Distances => distances.Value;

    /// <summary>The Wasserstein distance of the energies.</summary>
    internal double EnergyDistance(SystemSamples other) => Transport.Distance(
        Transport.Quantiles(Energies, Weights, Quantiles), Transport.Quantiles(other.Energies, other.Weights, Quantiles));

    /// <summary>The Wasserstein distance of the distances between particles.</summary>
    internal double PairDistance(SystemSamples other)
    {
        int pairs = Distances.Length / Energies.Length;
        return Transport.Distance(Of(this), Of(other));

        double[] Of(SystemSamples samples) => Transport.Quantiles(
            samples.Distances,
            samples.Weights?.SelectMany(weight => Enumerable.Repeat(weight, pairs)).ToArray(),
            Quantiles * pairs);
    }

    private static IEnumerable<ReadOnlyMemory<double>> Each(BoltzmannSystem system, double[] states) =>
        from first in Enumerable.Range(0, states.Length / system.Numbers)
        select (ReadOnlyMemory<double>)states.AsMemory(first * system.Numbers, system.Numbers);
}
