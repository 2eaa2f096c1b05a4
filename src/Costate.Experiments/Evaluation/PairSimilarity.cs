namespace Costate.Experiments.Evaluation;

/// <summary>How near a recogniser finds a morph to the two people, as cosine similarities.</summary>
/// <param name="Recogniser">Its name.</param>
/// <param name="Judges">Whether it judges; otherwise the optimisation follows it.</param>
/// <param name="Threshold">Above which similarity it takes two faces for one person.</param>
/// <param name="SourceA">To the picture of A that the morph was made from.</param>
/// <param name="SourceB">To that of B.</param>
/// <param name="OthersA">To other pictures of A.</param>
/// <param name="OthersB">To other pictures of B.</param>
internal sealed record PairSimilarity(
    string Recogniser,
    bool Judges,
    double Threshold,
    double SourceA,
    double SourceB,
    IReadOnlyList<double> OthersA,
    IReadOnlyList<double> OthersB)
{
    /// <summary>Whether the morph passes for both people with their sources.</summary>
    internal bool MatchesSources => SourceA > Threshold && SourceB > Threshold;

    /// <summary>
    /// Whether it passes for both people with other pictures of them: with the best of each (Scherhag et al. 2017, MinMax-MMPMR).
    /// </summary>
    internal bool MatchesOthers => OthersA.Max() > Threshold && OthersB.Max() > Threshold;

    /// <summary>Whether it passes for both people with one other picture of each, the first.</summary>
    internal bool MatchesOne => OthersA[0] > Threshold && OthersB[0] > Threshold;
}
