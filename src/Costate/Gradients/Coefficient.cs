namespace Costate;

/// <summary>The name of one number behind a run: a weight of a row, or what belongs to the evaluation at a row.</summary>
/// <param name="Row">The row.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Index">Which state, prediction or input a weight is of; 0 for the others.</param>
internal readonly record struct Coefficient(int Row, CoefficientKind Kind, int Index);
