using Costate.Experiments.Evaluation;
using Costate.Faces.Guidance;

namespace Costate.Experiments.Guidance;

/// <summary>What a method has made of a face, as it is kept in a file.</summary>
internal sealed record GuidanceStudyResult : IEvaluated
{
    public required int Face { get; init; }

    public required ulong Identity { get; init; }

    /// <summary>The task, the name and the number of network evaluations at most: <see cref="KeyOf"/>.</summary>
    public required string Method { get; init; }

    public required string Task { get; init; }

    /// <summary>The method's name.</summary>
    public required string Name { get; init; }

    /// <summary>Network evaluations at most.</summary>
    public required long Budget { get; init; }

    public required int Steps { get; init; }

    public required int Iterations { get; init; }

    public required GuideItem Quality { get; init; }

    /// <summary>Similarity to the face under recognisers that no loss has seen, on average; null if the sample diverged.</summary>
    public required double? JudgedSimilarity { get; init; }

    public required long NetworkEvaluations { get; init; }

    public required long VectorJacobianProducts { get; init; }

    public required long LossEvaluations { get; init; }

    /// <summary>Divided by the faces computed together.</summary>
    public required double Seconds { get; init; }

    int IEvaluated.Item => Face;

    internal static string KeyOf(GuideTask task, string method, long budget) =>
        FormattableString.Invariant($"{task.Name} {method} {budget}");
}
