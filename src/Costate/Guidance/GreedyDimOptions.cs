namespace Costate;

/// <summary>
/// How <see cref="GreedyDim"/> optimises the noise prediction at each step. The defaults are those published for Greedy-DiM* (Blasingame
/// and Liu 2024).
/// </summary>
public sealed record GreedyDimOptions
{
    /// <summary>Inner steps of Adam at each step of the grid.</summary>
    /// <value>The default value is 50.</value>
    public int InnerSteps { get; init; } = 50;

    /// <summary>Adam's learning rate.</summary>
    /// <value>The default value is 0.01.</value>
    public double LearningRate { get; init; } = 0.01;

    /// <summary>Adam's decay of the mean, in [0, 1).</summary>
    /// <value>The default value is 0.5.</value>
    public double Beta1 { get; init; } = 0.5;

    /// <summary>Adam's decay of the mean square, in [0, 1).</summary>
    /// <value>The default value is 0.9.</value>
    public double Beta2 { get; init; } = 0.9;

    internal void Check()
    {
        if (InnerSteps < 0 || !(LearningRate > 0 && double.IsFinite(LearningRate)) || !(Beta1 is >= 0 and < 1) || !(Beta2 is >= 0 and < 1))
        {
            throw new ArgumentException(
                $"Got {this}; the inner steps must not be negative, the learning rate positive and finite, and both betas in [0, 1).");
        }
    }
}
