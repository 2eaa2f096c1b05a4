namespace Costate;

/// <summary>How far a <see cref="ScheduleOptimisation"/> is, told after each evaluation.</summary>
/// <param name="Iteration">Steps done: 0 for the start.</param>
/// <param name="Iterations">Steps that will be done at most.</param>
/// <param name="Loss">The mean squared error.</param>
/// <param name="Times">The times.</param>
public sealed record ScheduleProgress(int Iteration, int Iterations, double Loss, IReadOnlyList<double> Times);
