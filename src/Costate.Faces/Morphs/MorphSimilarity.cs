namespace Costate.Faces.Morphs;

/// <summary>What a recogniser thinks of a morph.</summary>
/// <param name="Recogniser">Its name.</param>
/// <param name="Judges">Whether it judges; otherwise it guided the optimisation.</param>
/// <param name="Threshold">Above which similarity it takes two faces for one person.</param>
/// <param name="ToA">Cosine similarity of the morph to A.</param>
/// <param name="ToB">Cosine similarity of the morph to B.</param>
/// <param name="AToB">Cosine similarity of A to B.</param>
internal sealed record MorphSimilarity(string Recogniser, bool Judges, double Threshold, double ToA, double ToB, double AToB)
{
    public bool Accepted => ToA > Threshold && ToB > Threshold;

    /// <summary>Whether every judge among recognisers takes it for A and for B.</summary>
    internal static bool AcceptedByJudges(IReadOnlyList<MorphSimilarity> recognisers) =>
        recognisers.Where(s => s.Judges).All(s => s.Accepted);
}
