namespace Costate.Experiments.Evaluation;

/// <summary>How good a method is, over some pairs.</summary>
internal sealed record MethodSummary
{
    public required string Method { get; init; }

    public required string Label { get; init; }

    public required int Pairs { get; init; }

    public required IReadOnlyList<JudgeSummary> Recognisers { get; init; }

    /// <summary>Morphs that all judges take for both people, with other pictures of them.</summary>
    public required MatchRate AllJudges { get; init; }

    /// <summary>The attack's, on average.</summary>
    public required double Loss { get; init; }

    /// <summary>Network evaluations as AdjointDEIS counts them.</summary>
    public required long Evaluations { get; init; }

    /// <summary>Network evaluations made, on average.</summary>
    public required double EvaluationsMade { get; init; }

    /// <summary>Gradients of the network, on average.</summary>
    public required double VectorJacobianProducts { get; init; }

    /// <summary>Time for a pair without the encoding that methods share, on average.</summary>
    public required double SecondsPerPair { get; init; }

    public required PublishedRates? Published { get; init; }

    /// <summary>The recognisers that judge.</summary>
    internal IEnumerable<JudgeSummary> Judges => Recognisers.Where(r => r.Judges);

    internal static MethodSummary Of(EvaluatedMethod method, EvaluationSettings settings, IReadOnlyList<PairResult> results) => new()
    {
        Method = method.Name,
        Label = method.Label,
        Pairs = results.Count,
        Recognisers = [.. results[0].Recognisers.Select((_, k) => JudgeSummary.Of(results.Select(r => r.Recognisers[k])))],
        AllJudges = MatchRate.Of(results.Select(r => r.Recognisers.Where(s => s.Judges).All(s => s.MatchesOthers))),
        Loss = results.Average(r => r.Loss),
        Evaluations = method.Evaluations(settings),
        EvaluationsMade = results.Average(r => (double)(r.Cost.EncodingEvaluations + r.Cost.SamplingEvaluations)),
        VectorJacobianProducts = results.Average(r => (double)r.Cost.VectorJacobianProducts),
        SecondsPerPair = Math.Round(results.Average(r => r.Cost.Seconds), 3),
        Published = method.Published,
    };
}
