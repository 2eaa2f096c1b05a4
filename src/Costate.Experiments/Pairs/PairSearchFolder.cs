using Costate.Experiments.Evaluation;

namespace Costate.Experiments.Pairs;

/// <summary>Pairs as they are kept: the beginnings of all, and the morphs of the most promising.</summary>
internal sealed class PairSearchFolder(string path) : ResultFolder<SearchedPair>(path, StudyName, "pair")
{
    internal const string StudyName = "pairs";

    /// <summary>
    /// The pairs worth optimising to the end, the best first: blends that no judge takes for both, whose losses fall from the start and are
    /// the lowest then. Those of a whole are among those of its parts, so that every part can optimise its own without asking the others.
    /// </summary>
    /// <param name="searched">What is there.</param>
    /// <param name="most">How many, at most.</param>
    internal static IReadOnlyList<int> Promising(IEnumerable<SearchedPair> searched, int most) =>
    [
        .. searched.Where(pair => pair.Method == SearchedPair.Beginning && pair.IsRefused && pair.Falls)
            .OrderBy(pair => pair.Losses[^1])
            .ThenBy(pair => pair.Pair)
            .Take(most)
            .Select(pair => pair.Pair),
    ];

    internal override IEnumerable<(int Item, string Method)> Expected(EvaluationContents contents) =>
    [
        .. base.Expected(contents),
        .. Promising(Results(), PairSearchPlan.Of(FullName, contents.Settings).Tries).Select(pair => (pair, SearchedPair.Morph)),
    ];
}
