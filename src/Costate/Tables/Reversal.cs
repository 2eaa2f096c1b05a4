namespace Costate;

/// <summary>What makes a table reversible, besides <see cref="TableRow.SolvesFor"/>.</summary>
/// <param name="Sample">The row that is the sample.</param>
/// <param name="Start">The two rows that carry the state at the start of the grid, row 0 first.</param>
/// <param name="End">The two rows that carry it at the end, the sample first.</param>
/// <param name="Other">How the second of two carriers is found where only the first is known.</param>
internal sealed record Reversal(int Sample, int[] Start, int[] End, OtherCarrier Other);
