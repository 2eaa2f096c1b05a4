namespace Costate;

/// <summary>The three strengths of TFG; see <see cref="GuidancePreset.Tfg"/>.</summary>
/// <param name="State">rho, on the state.</param>
/// <param name="Data">mu, on the predicted data.</param>
/// <param name="Smoothing">gamma, of the loss.</param>
public readonly record struct TfgStrengths(double State, double Data, double Smoothing)
{
    internal IEnumerable<TfgStrengths> OneDoubled() =>
        [this with { State = 2 * State }, this with { Data = 2 * Data }, this with { Smoothing = 2 * Smoothing }];

    internal bool IsWithin(TfgStrengths largest) => State <= largest.State && Data <= largest.Data && Smoothing <= largest.Smoothing;
}
