namespace Costate.Faces.Morphs;

/// <summary>What one morph cost.</summary>
/// <param name="EncodingEvaluations">Network evaluations of the encoding, each on both pictures.</param>
/// <param name="SamplingEvaluations">Network evaluations of sampling and gradients.</param>
/// <param name="Seconds">Time, shared among the pairs that were computed together.</param>
internal sealed record MorphCost(long EncodingEvaluations, long SamplingEvaluations, double Seconds)
{
    public long NetworkEvaluations => EncodingEvaluations + SamplingEvaluations;
}
