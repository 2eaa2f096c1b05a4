namespace Costate;

/// <summary>A solver's share of noise, where it has one that can be changed.</summary>
/// <param name="Value">Its value, above 0.</param>
/// <param name="Largest">The largest.</param>
/// <param name="With">The same solver with another.</param>
internal sealed record NoiseStrength(double Value, double Largest, Func<double, Solver> With);
