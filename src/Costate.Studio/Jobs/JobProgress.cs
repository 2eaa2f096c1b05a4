namespace Costate.Studio.Jobs;

/// <summary>How far the job is that is being done.</summary>
/// <param name="Id">Which.</param>
/// <param name="Part">What it is doing.</param>
/// <param name="Done">How much of that is done, from 0 to 1.</param>
/// <param name="Seconds">Since it began.</param>
/// <param name="Left">Until it ends, in seconds; null where that is not known yet.</param>
/// <param name="Evaluations">Of networks, so far.</param>
/// <param name="MemoryBytes">Of the whole process.</param>
/// <param name="Note">What else is of interest.</param>
/// <param name="Loss">After so many evaluations, the loss; null where there is none.</param>
/// <param name="Preview">The number of the last picture; 0 before the first.</param>
internal sealed record JobProgress(
    string Id,
    string Part,
    double Done,
    double Seconds,
    double? Left,
    long Evaluations,
    long MemoryBytes,
    string Note,
    double[]? Loss,
    int Preview);
