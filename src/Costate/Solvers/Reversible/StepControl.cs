namespace Costate;

/// <summary>
/// How long steps may be: a proportional-integral controller on the embedded error estimate (Gustafsson 1991; Hairer and Wanner 1996,
/// section IV.2).
/// </summary>
public sealed class StepControl
{
    private const double Safety = 0.9;
    private const double LeastFactor = 0.2;
    private const double MaxFactor = 5;

    /// <summary>Tolerances and limits.</summary>
    /// <param name="absolute">Error allowed in a step whatever the size of the state. The default value is 1e-4.</param>
    /// <param name="relative">Error allowed relative to the state. The default value is 1e-4.</param>
    /// <param name="maximumSteps">Steps, accepted and rejected, after which a run gives up. The default value is 10000.</param>
    /// <param name="firstSteps">The first trial step is the whole interval in half log-SNR over this. The default value is 20.</param>
    /// <exception cref="ArgumentOutOfRangeException">A tolerance is negative or not finite, both are zero, or a limit is not
    /// positive.</exception>
    public StepControl(double absolute = 1e-4, double relative = 1e-4, int maximumSteps = 10_000, int firstSteps = 20)
    {
        if (!(absolute >= 0 && relative >= 0 && absolute + relative > 0 && double.IsFinite(absolute + relative)))
        {
            throw new ArgumentOutOfRangeException(
                nameof(absolute),
                $"Got tolerances {absolute} (absolute) and {relative} (relative); both must be finite and not negative, and one positive.");
        }

        if (maximumSteps < 1 || firstSteps < 1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(maximumSteps),
                $"Got {maximumSteps} steps at most and a first step of 1/{firstSteps}; both numbers must be positive.");
        }

        (Absolute, Relative, MaximumSteps, FirstSteps) = (absolute, relative, maximumSteps, firstSteps);
    }

    /// <summary>Error allowed in a step whatever the size of the state.</summary>
    public double Absolute { get; }

    /// <summary>Error allowed relative to the state.</summary>
    public double Relative { get; }

    /// <summary>Steps, accepted and rejected, after which a run gives up.</summary>
    public int MaximumSteps { get; }

    /// <summary>The first trial step is the whole interval over this.</summary>
    public int FirstSteps { get; }

    /// <summary>How much longer the next step should be.</summary>
    /// <param name="error">The error of this step over what is allowed.</param>
    /// <param name="errorBefore">That of the last accepted step.</param>
    /// <param name="order">The order of the error estimate, plus one.</param>
    internal static double Factor(double error, double errorBefore, int order)
    {
        double factor = Safety * Math.Pow(Math.Max(error, 1e-10), -0.7 / order) * Math.Pow(Math.Max(errorBefore, 1e-10), 0.4 / order);
        return Math.Clamp(factor, LeastFactor, error > 1 ? Safety : MaxFactor);
    }
}
