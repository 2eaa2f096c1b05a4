namespace Costate;

/// <summary>How <see cref="RedDiff"/> optimises. The defaults are those of the published code.</summary>
public sealed record RedDiffOptions
{
    /// <summary>Weight of the network's opinion beside the loss.</summary>
    /// <value>The default value is 0.25.</value>
    public double Regularization { get; init; } = 0.25;

    /// <summary>Adam's learning rate.</summary>
    /// <value>The default value is 0.1.</value>
    public double LearningRate { get; init; } = 0.1;

    /// <summary>Adam's decay of the mean, in [0, 1).</summary>
    /// <value>The default value is 0.9.</value>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Adam's decay of the mean square, in [0, 1).</summary>
    /// <value>The default value is 0.99.</value>
    public double Beta2 { get; init; } = 0.99;

    internal void Check()
    {
        if (
            !(Regularization >= 0 && double.IsFinite(Regularization))
            || !(LearningRate > 0 && double.IsFinite(LearningRate))
            || !(Beta1 is >= 0 and < 1)
            || !(Beta2 is >= 0 and < 1))
        {
            throw new ArgumentException(
                $"Got {this}; the regularisation must be finite and not negative, the learning rate positive and finite, "
                    + "and both betas in [0, 1).");
        }
    }
}
