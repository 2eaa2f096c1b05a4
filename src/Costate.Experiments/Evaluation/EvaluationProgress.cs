namespace Costate.Experiments.Evaluation;

/// <summary>How far an evaluation is.</summary>
/// <param name="Part">What is being done: an evaluation may have parts, one after the other.</param>
/// <param name="Share">How much of the part is done, from 0 to 1.</param>
/// <param name="Note">What else is of interest.</param>
/// <param name="Announcement">What there is to do, told once before it is done; null later.</param>
internal readonly record struct EvaluationProgress(string Part, double Share, string Note = "", string? Announcement = null);
