namespace Costate.Faces.Sampling;

/// <summary>The loss on the way to a sample, and the gradient at each state of it.</summary>
/// <param name="PredictionTimes">When the network was evaluated, falling from the noise.</param>
/// <param name="PredictionLosses">The loss of what it predicted there, for each sample.</param>
/// <param name="StateTimes">The points of the grid.</param>
/// <param name="GradientNorms">The length of the loss's gradient with respect to the state there, for each sample.</param>
internal sealed record GradientOnTheWay(
    IReadOnlyList<double> PredictionTimes,
    IReadOnlyList<double[]> PredictionLosses,
    IReadOnlyList<double> StateTimes,
    IReadOnlyList<double[]> GradientNorms);
