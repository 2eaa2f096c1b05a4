namespace Costate.Faces.Morphs;

/// <summary>What the blend is worth, before anything is optimised.</summary>
/// <param name="Loss">Of the blend.</param>
/// <param name="Recognisers">What they think of it.</param>
internal sealed record MorphBlend(double Loss, IReadOnlyList<MorphSimilarity> Recognisers)
{
    /// <summary>Whether every judge takes it for A and for B.</summary>
    public bool Accepted => MorphSimilarity.AcceptedByJudges(Recognisers);
}
