namespace Costate.Faces.Training;

/// <summary>How long to train: so many steps, or so many minutes in all.</summary>
/// <param name="Steps">Steps, or null.</param>
/// <param name="Minutes">Minutes, or null.</param>
internal sealed record Budget(long? Steps, double? Minutes)
{
    private const double WarmUp = 0.02;
    private const double LowestShare = 0.01;

    /// <summary>How much of it is used, 0..1.</summary>
    internal double Progress(long steps, double seconds) =>
        Math.Min(1, Steps is long all ? (double)steps / all : seconds / (60 * Minutes!.Value));

    /// <summary>
    /// The learning rate's share of its highest value: a short rise, then half a cosine down to a hundredth (Loshchilov and Hutter 2017).
    /// </summary>
    internal static double LearningRateShare(double progress) => progress < WarmUp
        ? (progress / WarmUp) + 1e-3
        : LowestShare + ((1 - LowestShare) * 0.5 * (1 + Math.Cos(Math.PI * (progress - WarmUp) / (1 - WarmUp))));
}
