namespace Costate.Faces.Training;

/// <summary>How far a training is.</summary>
/// <param name="Step">Steps made in all.</param>
/// <param name="Share">The part that is done of what there was to do when it began or went on.</param>
/// <param name="Loss">On average over the last steps; null before the first.</param>
/// <param name="Seconds">Since it began, without the pauses.</param>
internal readonly record struct TrainingProgress(long Step, double Share, double? Loss, double Seconds)
{
    /// <summary>The same as a stage of longer work.</summary>
    internal StageProgress As(string stage) => Loss is double loss
        ? new StageProgress(stage, Share, $"step {Step}, loss {loss:0.0000}") { Step = Step, Loss = loss }
        : new StageProgress(stage, Share, Announcement: Step > 0 ? $"Goes on from step {Step}, after {Seconds:0} s." : null);
}
