namespace Costate;

/// <summary>
/// The stretch of a Brownian path that one noise vector stands for: <c>n = (W(To) - W(From))/sqrt(|To - From|)</c>, or for a
/// space-time Levy area <c>n = H sqrt(12/|To - From|)</c>, which is the same in both directions.
/// </summary>
/// <param name="From">Where it begins on the clock of the solver: <c>(sigma/alpha)^2</c> for noise prediction, <c>(alpha/sigma)^2</c> for
/// data prediction.</param>
/// <param name="To">Where it ends.</param>
/// <param name="IsLevyArea">Whether it is the space-time Levy area H of the stretch rather than the increment W.</param>
public readonly record struct NoiseInterval(double From, double To, bool IsLevyArea = false);
