namespace Costate.Faces;

/// <summary>How far a long piece of work is, which may have stages, one after the other.</summary>
/// <param name="Stage">What is being done.</param>
/// <param name="Share">How much of the stage is done, from 0 to 1.</param>
/// <param name="Note">What else is of interest.</param>
/// <param name="Announcement">What there is to know before the stage is done, told once; null later.</param>
public readonly record struct StageProgress(string Stage, double Share, string Note = "", string? Announcement = null)
{
    /// <summary>Steps of a training made so far; null where there are none.</summary>
    public long? Step { get; init; }

    /// <summary>The loss as it is now, on average; null where there is none.</summary>
    public double? Loss { get; init; }
}
