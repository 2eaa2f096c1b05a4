namespace Costate;

/// <summary>An item of a batch that guidance drove away from all data.</summary>
/// <param name="Item">Which, from 0.</param>
/// <param name="Step">At which step of the grid, from 0.</param>
/// <param name="Time">The time at the start of that step.</param>
public readonly record struct DivergedItem(int Item, int Step, double Time)
{
    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"item {Item} at step {Step} (time {Time:G6})");
}
