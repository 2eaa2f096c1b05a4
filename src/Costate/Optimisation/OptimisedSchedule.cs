namespace Costate;

/// <summary>The best times that a <see cref="ScheduleOptimisation"/> found, and how it went.</summary>
/// <param name="Grid">The grid.</param>
/// <param name="Losses">The mean squared error at each evaluation, the first that of the grid it began with; NaN where times would have
/// met.</param>
/// <param name="BestIteration">The evaluation, from 0, that is <paramref name="Grid"/>'s.</param>
/// <param name="Cost">What it cost in all.</param>
public sealed record OptimisedSchedule(TimeGrid Grid, IReadOnlyList<double> Losses, int BestIteration, GradientCost Cost)
{
    /// <summary>Its mean squared error.</summary>
    public double BestLoss => Losses[BestIteration];
}
