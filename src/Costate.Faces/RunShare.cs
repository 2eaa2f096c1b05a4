namespace Costate.Faces;

/// <summary>How much of a run is done, its phases weighed by the time they take.</summary>
internal static class RunShare
{
    // A vector-Jacobian product, with the evaluation that it needs, takes about three times as long as an evaluation alone.
    private const double OfSampling = 0.25;

    /// <summary>From 0 to 1.</summary>
    internal static double Of(StepProgress value, bool hasGradient)
    {
        double ofPhase = (double)value.Done / value.Total;
        return !hasGradient ? ofPhase
            : value.Phase == SamplingPhase.Sampling ? OfSampling * ofPhase
            : OfSampling + ((1 - OfSampling) * ofPhase);
    }
}
