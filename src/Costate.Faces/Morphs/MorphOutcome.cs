using static TorchSharp.torch;

namespace Costate.Faces.Morphs;

/// <summary>What has become of one pair. Tensors are on the CPU, and belong to the scope that the run was started in.</summary>
internal sealed class MorphOutcome
{
    /// <summary>The morph with the lowest loss, [3, side, side], rounded to 8 bits as its file has it.</summary>
    internal required Tensor Morph { get; init; }

    /// <summary>The first face, [3, side, side].</summary>
    internal required Tensor A { get; init; }

    /// <summary>The second face, [3, side, side].</summary>
    internal required Tensor B { get; init; }

    /// <summary>The blend, and the morph at some iterations.</summary>
    internal required IReadOnlyList<MorphFrame> Frames { get; init; }

    /// <summary>The loss at each evaluation until the pair stopped.</summary>
    internal required IReadOnlyList<double> Losses { get; init; }

    internal required int BestIteration { get; init; }

    internal required IReadOnlyList<MorphSimilarity> Similarities { get; init; }

    internal required MorphBlend Blend { get; init; }

    internal required MorphCost Cost { get; init; }

    /// <summary>Whether all judges take it for A and for B.</summary>
    internal bool Accepted => MorphSimilarity.AcceptedByJudges(Similarities);
}
