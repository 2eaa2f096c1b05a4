namespace Costate;

/// <summary>
/// Tells another in its own words what it is told, such as the phase of a longer run or the part of several runs that this is.
/// </summary>
internal sealed class SelectedProgress(IProgress<StepProgress> inner, Func<StepProgress, StepProgress> selector) : IProgress<StepProgress>
{
    public void Report(StepProgress value) => inner.Report(selector(value));

    /// <summary>The same run, told as one from sample to noise; null for none.</summary>
    internal static IProgress<StepProgress>? OfInversion(IProgress<StepProgress>? inner) =>
        inner is null ? null : new SelectedProgress(inner, value => value with { Phase = SamplingPhase.Inversion });
}
