namespace Costate;

/// <summary>What a gradient cost.</summary>
/// <param name="NetworkEvaluations">Evaluations of the network, forward and backward, with and without a graph. Classifier-free guidance
/// counts two for each prediction.</param>
/// <param name="VectorJacobianProducts">Backward passes through one network evaluation.</param>
/// <param name="PeakStoredStates">The most tensors of a state's size held at one time for the backward sweep.</param>
/// <param name="PeakStoredBytes">Their bytes. For <see cref="GradientMethod.Unrolled"/> the activations inside the network come on
/// top.</param>
public sealed record GradientCost(long NetworkEvaluations, long VectorJacobianProducts, int PeakStoredStates, long PeakStoredBytes)
{
    /// <summary>The most graphs of evaluations held at one time, each of which saved an evaluation.</summary>
    public int PeakKeptGraphs { get; init; }

    /// <summary>The cost of one computation after another: what is held at one time is the larger of the two.</summary>
    internal GradientCost Then(GradientCost next) => new(
        NetworkEvaluations + next.NetworkEvaluations,
        VectorJacobianProducts + next.VectorJacobianProducts,
        Math.Max(PeakStoredStates, next.PeakStoredStates),
        Math.Max(PeakStoredBytes, next.PeakStoredBytes))
    {
        PeakKeptGraphs = Math.Max(PeakKeptGraphs, next.PeakKeptGraphs),
    };
}
