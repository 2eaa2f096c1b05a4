using static TorchSharp.torch;

namespace Costate.Experiments.Evaluation;

/// <summary>The morphs of some pairs. Its tensors belong to the scope that the method was run in.</summary>
/// <param name="Morphs">[pairs, 3, side, side].</param>
/// <param name="Losses">The loss of each pair at each evaluation.</param>
/// <param name="Best">The loss of each pair's morph.</param>
/// <param name="EncodingEvaluations">Network evaluations of the encoding.</param>
/// <param name="Cost">Of the rest.</param>
internal sealed record MethodOutcome(
    Tensor Morphs,
    IReadOnlyList<IReadOnlyList<double>> Losses,
    IReadOnlyList<double> Best,
    long EncodingEvaluations,
    GradientCost Cost);
