namespace Costate.Cli.Commands;

/// <summary>The progress of one run on a line, its phases weighed by the time they take.</summary>
internal sealed class RunProgress(ProgressLine line, bool hasGradient) : IProgress<StepProgress>
{
    // A vector-Jacobian product, with the evaluation that it needs, takes about three times as long as an evaluation alone.
    private const double SamplingShare = 0.25;

    public void Report(StepProgress value) => line.Report(Fraction(value, hasGradient));

    /// <summary>How much of the whole run is done.</summary>
    internal static double Fraction(StepProgress value, bool hasGradient)
    {
        double ofPhase = (double)value.Done / value.Total;
        return !hasGradient ? ofPhase
            : value.Phase == SamplingPhase.Sampling ? SamplingShare * ofPhase
            : SamplingShare + ((1 - SamplingShare) * ofPhase);
    }
}
