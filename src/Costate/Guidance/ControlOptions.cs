namespace Costate;

/// <summary>How <see cref="ControlOptimisation"/> descends: <c>u = Decay u - LearningRate dL/du</c>.</summary>
public sealed record ControlOptions
{
    /// <summary>FlowGrad (Liu et al. 2023): plain descent, 10 iterations of rate 10, made for 100 steps.</summary>
    public static ControlOptions FlowGrad { get; } = new();

    /// <summary>OC-Flow (Wang et al. 2025) with its settings for images: <c>L + weight/2 sum |u|^2</c>, 15 iterations of rate 2.5 and decay 0.995.</summary>
    public static ControlOptions OcFlow { get; } = new() { LearningRate = 2.5, Decay = 0.995, Iterations = 15 };

    /// <summary>The rate.</summary>
    /// <value>The default value is 10.</value>
    public double LearningRate { get; init; } = 10;

    /// <summary>What remains of the controls at each iteration, in (0, 1]: less than 1 is descent on the loss plus <see cref="RegularizationWeight"/> halves of their squared norm.</summary>
    /// <value>The default value is 1: not regularised.</value>
    public double Decay { get; init; } = 1;

    /// <summary>Number of iterations.</summary>
    /// <value>The default value is 10.</value>
    public int Iterations { get; init; } = 10;

    /// <summary>The weight that the decay gives to <c>sum |u|^2/2</c>: <c>(1 - Decay)/LearningRate</c>.</summary>
    public double RegularizationWeight => (1 - Decay) / LearningRate;

    internal void Check()
    {
        if (!(LearningRate > 0 && double.IsFinite(LearningRate)) || !(Decay is > 0 and <= 1) || Iterations < 0)
        {
            throw new ArgumentException($"Got {this}; the rate must be positive and finite, the decay in (0, 1] and the iterations not negative.");
        }
    }
}
