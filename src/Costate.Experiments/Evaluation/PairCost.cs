namespace Costate.Experiments.Evaluation;

/// <summary>What a morph has cost.</summary>
/// <param name="EncodingEvaluations">Network evaluations of the encoding, each on both pictures.</param>
/// <param name="SamplingEvaluations">Network evaluations of sampling and gradients.</param>
/// <param name="VectorJacobianProducts">Gradients of the network.</param>
/// <param name="Seconds">Time without the encoding that methods share, divided by the pairs computed together.</param>
internal sealed record PairCost(long EncodingEvaluations, long SamplingEvaluations, long VectorJacobianProducts, double Seconds);
