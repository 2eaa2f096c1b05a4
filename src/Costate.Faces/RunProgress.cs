namespace Costate.Faces;

/// <summary>The progress of one run of a sampler as a part of the whole, which goes from 0 to 1.</summary>
/// <param name="whole">Told how much of the whole is done; nobody if null.</param>
/// <param name="from">What is done before this run.</param>
/// <param name="share">This run's part of the whole.</param>
/// <param name="hasGradient">Whether it goes back too.</param>
internal sealed class RunProgress(IProgress<double>? whole, double from = 0, double share = 1, bool hasGradient = false)
    : IProgress<StepProgress>
{
    public void Report(StepProgress value) => whole?.Report(from + (share * RunShare.Of(value, hasGradient)));
}
