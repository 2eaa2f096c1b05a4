namespace Costate;

/// <summary>How <see cref="ControlOptimisation"/> descends: <c>u = Decay u - LearningRate dL/du</c>.</summary>
public sealed record ControlOptions
{
    /// <summary>
    /// FlowGrad (Liu et al. 2023): plain descent, 10 iterations of rate 10, made for 100 steps, straight ones merged within 5e-3.
    /// </summary>
    public static ControlOptions FlowGrad { get; } = new() { StraightnessThreshold = 5e-3 };

    /// <summary>
    /// OC-Flow (Wang et al. 2025) with its settings for images: <c>L + weight/2 sum |u|^2</c>, 15 iterations of rate 2.5 and decay 0.995,
    /// straight steps merged within 1e-3.
    /// </summary>
    public static ControlOptions OcFlow { get; } =
        new()
        {
            LearningRate = 2.5,
            Decay = 0.995,
            Iterations = 15,
            StraightnessThreshold = 1e-3,
        };

    /// <summary>The rate.</summary>
    /// <value>The default value is 10.</value>
    public double LearningRate { get; init; } = 10;

    /// <summary>
    /// What remains of the controls at each iteration, in (0, 1]: less than 1 is descent on the loss plus
    /// <see cref="RegularizationWeight"/> halves of their squared norm.
    /// </summary>
    /// <value>The default value is 1: not regularised.</value>
    public double Decay { get; init; } = 1;

    /// <summary>Number of iterations.</summary>
    /// <value>The default value is 10.</value>
    public int Iterations { get; init; } = 10;

    /// <summary>
    /// How far an item's trajectory may bend over steps that share one vector-Jacobian product: the sum over them of the largest squared
    /// change of the velocity from a neighbouring step, relative to its square (FlowGrad, section 3.3).
    /// </summary>
    /// <remarks>
    /// More than 0 gives the gradient of a run that holds its velocity over each such stretch, at the trajectory as it is. The velocity is
    /// <see cref="Prediction.Velocity"/> on a variance-preserving schedule, <see cref="Prediction.Flow"/> on a rectified flow (as
    /// published),
    /// <see cref="Prediction.Noise"/> on EDM's. Each item is divided by its own trajectory; a product is taken of the whole batch
    /// wherever a stretch begins for one of its items, so that large batches save less.
    /// </remarks>
    /// <value>The default value is 0: a product for each step, the exact gradient.</value>
    public double StraightnessThreshold { get; init; }

    /// <summary>The weight that the decay gives to <c>sum |u|^2/2</c>: <c>(1 - Decay)/LearningRate</c>.</summary>
    public double RegularizationWeight => (1 - Decay) / LearningRate;

    internal void Check()
    {
        if (
            !(LearningRate > 0 && double.IsFinite(LearningRate))
            || !(Decay is > 0 and <= 1)
            || Iterations < 0
            || !(StraightnessThreshold >= 0 && double.IsFinite(StraightnessThreshold)))
        {
            throw new ArgumentException(
                $"Got {this}; the rate must be positive and finite, the decay in (0, 1], the iterations not negative, "
                    + "the threshold of straightness finite and not negative.");
        }
    }
}
