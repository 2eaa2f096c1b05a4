namespace Costate;

/// <summary>What happened to the particles at one step.</summary>
/// <param name="Time">Where the step starts.</param>
/// <param name="EffectiveFraction">The effective size of each problem's particles before it, as a fraction of their number.</param>
/// <param name="Ancestors">
/// Of each problem, for each particle the number of the one that it was made of before the step; null where they were not resampled.
/// </param>
public sealed record ParticleStep(double Time, IReadOnlyList<double> EffectiveFraction, IReadOnlyList<IReadOnlyList<long>?> Ancestors);
