namespace Costate.Experiments.Boltzmann;

/// <summary>A row of the table published with Rex, for tri-alanine: thirty-three atoms and a large flow.</summary>
/// <param name="Label">The solver.</param>
/// <param name="EffectiveFraction">Effective size over samples.</param>
/// <param name="EnergyDistance">Wasserstein distance of energies after weighting.</param>
/// <param name="TorsionDistance">Wasserstein distance of torsion angles after weighting.</param>
internal sealed record PublishedWeights(string Label, double EffectiveFraction, double EnergyDistance, double TorsionDistance)
{
    internal static IReadOnlyList<PublishedWeights> All { get; } =
        [new("Rex", 0.104, 0.495, 0.497), new("Dopri5, adaptive", 0.140, 0.737, 0.468)];
}
