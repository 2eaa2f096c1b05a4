namespace Costate.Experiments.Evaluation;

/// <summary>What a method has made of a pair, as it is kept in a file.</summary>
internal sealed record PairResult : IEvaluated
{
    public required int Pair { get; init; }

    int IEvaluated.Item => Pair;

    public required ulong A { get; init; }

    public required ulong B { get; init; }

    /// <summary>Of A and B, under the recogniser that chose them.</summary>
    public required double PairSimilarity { get; init; }

    public required string Method { get; init; }

    /// <summary>The attack's loss of the morph before it was rounded to 8 bits.</summary>
    public required double Loss { get; init; }

    /// <summary>The loss at each evaluation: of each iteration, of Morph-PIPE of each blend, of Greedy-DiM* after each step.</summary>
    public required IReadOnlyList<double> Losses { get; init; }

    public required PairCost Cost { get; init; }

    public required IReadOnlyList<PairSimilarity> Recognisers { get; init; }
}
