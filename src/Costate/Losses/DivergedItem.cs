namespace Costate;

/// <summary>An item of a batch that guidance drove away from all data, or an optimisation to numbers that are not finite.</summary>
/// <param name="Item">Which, from 0.</param>
/// <param name="Step">At which step of the grid, or in which iteration of an optimisation, from 0.</param>
/// <param name="Time">
/// The time at the start of that step; in an iteration, the time at which the network's answer was not finite, or the end of the grid
/// if that was the loss or the gradient.
/// </param>
public readonly record struct DivergedItem(int Item, int Step, double Time)
{
    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"item {Item} at step {Step} (time {Time:G6})");
}
