namespace Costate.Experiments.Evaluation;

/// <summary>Two people to morph.</summary>
/// <param name="Index">From 0; where they are chosen by it, the most similar pair.</param>
/// <param name="A">Identity of the first.</param>
/// <param name="B">Identity of the second.</param>
/// <param name="Similarity">Cosine similarity, under the recogniser that chose them.</param>
internal sealed record SimilarPair(int Index, ulong A, ulong B, double Similarity);
