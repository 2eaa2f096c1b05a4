namespace Costate;

/// <summary>One term of a <see cref="TableRow"/>: a weight on an earlier state, network output or input.</summary>
/// <param name="Index">Which one: a row of the table for states and network outputs, a number for inputs.</param>
/// <param name="Weight">Its weight.</param>
public readonly record struct TableTerm(int Index, double Weight);
