using Costate.Faces.Guidance;
using Costate.Faces.Names;

namespace Costate.Experiments.Guidance;

/// <summary>
/// What an evaluation says of one task within one number of network evaluations; differences are of the same faces, with 95 % intervals.
/// </summary>
internal sealed record GuidanceStudyFinding
{
    public required string Task { get; init; }

    public required long Budget { get; init; }

    /// <summary>The lookahead between 1 and all with the lowest loss; null if there is none.</summary>
    public required string? BestLookahead { get; init; }

    /// <summary>Its loss less that of greedy guidance.</summary>
    public required MeanInterval? LookaheadLossToGreedy { get; init; }

    /// <summary>Its PSNR less that of greedy guidance.</summary>
    public required MeanInterval? LookaheadPsnrToGreedy { get; init; }

    /// <summary>The loss of end-to-end optimisation less that of greedy guidance.</summary>
    public required MeanInterval? EndToEndLossToGreedy { get; init; }

    /// <summary>Methods whose loss is not below that without guidance on average.</summary>
    public required IReadOnlyList<string> NotBetterThanUnguided { get; init; }

    /// <summary>One for each task and number of evaluations.</summary>
    internal static IReadOnlyList<GuidanceStudyFinding> Of(IEnumerable<GuidanceStudySummary> summaries) =>
        [.. summaries.GroupBy(s => (s.Task, s.Budget)).Select(group => Of(group.Key.Task, group.Key.Budget, [.. group]))];

    private static GuidanceStudyFinding Of(string task, long budget, GuidanceStudySummary[] all)
    {
        GuidanceStudySummary? best = all.Where(s =>
                StudiedMethod.Parse(s.Method) is { LookaheadSteps: not (null or "1" or NamedLookahead.All) } m
                && m.Method == GuideMethod.Greedy
                && s.Loss is not null)
            .MinBy(s => s.Loss!.Mean);
        return new GuidanceStudyFinding
        {
            Task = task,
            Budget = budget,
            BestLookahead = best?.Label,
            LookaheadLossToGreedy = best?.LossToGreedy,
            LookaheadPsnrToGreedy = best?.PsnrToGreedy,
            EndToEndLossToGreedy = all.FirstOrDefault(s => s.Method == GuideMethod.EndToEnd.Name)?.LossToGreedy,
            NotBetterThanUnguided =
            [
                .. all.Where(s => s.Method != GuideMethod.Unguided.Name && s.LossToUnguided is { Mean: >= 0 }).Select(s => s.Label),
            ],
        };
    }
}
