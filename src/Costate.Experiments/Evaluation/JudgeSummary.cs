namespace Costate.Experiments.Evaluation;

/// <summary>How many morphs of a method one recogniser takes for both people (MMPMR).</summary>
/// <param name="Recogniser">Its name.</param>
/// <param name="Judges">Whether it judges; otherwise the optimisation follows it.</param>
/// <param name="Threshold">Above which similarity it takes two faces for one person.</param>
/// <param name="Others">With other pictures of the two people, the best of each counting.</param>
/// <param name="One">With one other picture of each.</param>
/// <param name="Sources">With the pictures that the morph was made from.</param>
internal sealed record JudgeSummary(string Recogniser, bool Judges, double Threshold, MatchRate Others, MatchRate One, MatchRate Sources)
{
    internal static JudgeSummary Of(IEnumerable<PairSimilarity> similarities)
    {
        PairSimilarity[] all = [.. similarities];
        return new JudgeSummary(
            all[0].Recogniser,
            all[0].Judges,
            all[0].Threshold,
            MatchRate.Of(all.Select(s => s.MatchesOthers)),
            MatchRate.Of(all.Select(s => s.MatchesOne)),
            MatchRate.Of(all.Select(s => s.MatchesSources)));
    }
}
