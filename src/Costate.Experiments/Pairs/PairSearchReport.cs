using Costate.Experiments.Evaluation;
using Costate.Faces.Reports;

namespace Costate.Experiments.Pairs;

/// <summary>What <c>pairs.json</c> says of a search.</summary>
internal sealed record PairSearchReport : IEvaluationReport
{
    public string Command => "evaluate pairs";

    public string Version => ToolVersion.Version;

    public required IReadOnlyDictionary<string, Setting> Settings { get; init; }

    public required string Shard { get; init; }

    /// <summary>How many were drawn.</summary>
    public required int People { get; init; }

    /// <summary>The first of them.</summary>
    public required ulong FirstIdentity { get; init; }

    /// <summary>How many pairs wear their hair alike, and nothing in the face.</summary>
    public required int Pairs { get; init; }

    /// <summary>How many of their blends no judge takes for both.</summary>
    public required int RefusedBlends { get; init; }

    /// <summary>In how many of those the loss falls from the start.</summary>
    public required int Falling { get; init; }

    /// <summary>How often features are seen rightly on drawn faces; empty if nothing was optimised to the end.</summary>
    public required IReadOnlyDictionary<string, double> FeatureAccuracy { get; init; }

    /// <summary>Those that were optimised to the end.</summary>
    public required IReadOnlyList<PairFinding> Tried { get; init; }

    /// <summary>The pair without faults whose morph has the lowest loss; null if there is none.</summary>
    public required PairFinding? Chosen { get; init; }

    public required IReadOnlyList<string> Files { get; init; }

    IEnumerable<(string? Sentence, ResultTable Table)> IEvaluationReport.Tables()
    {
        var table = new ResultTable("A", "B", "loss of the blend", "of the morph", "faults") { WordColumns = 5 };
        foreach (PairFinding pair in Tried)
        {
            table.Add(
                $"{pair.A}",
                $"{pair.B}",
                $"{pair.Blend.Loss:0.000}",
                $"{pair.Losses.Min():0.000}",
                string.Join(", ", pair.Faults));
        }

        string chosen = Chosen is null
            ? "none is a good example: give more --people or --tries, or another --identity"
            : $"chosen: {Chosen.A} and {Chosen.B}";
        yield return (
            $"{People} people, {Pairs} pairs alike, {RefusedBlends} blends that every judge refuses, the loss of {Falling} falls at once, "
                + $"{Tried.Count} optimised to the end; {chosen}",
            table);
    }

    /// <summary>Sums up pairs.</summary>
    /// <param name="contents">What their folder is for.</param>
    /// <param name="plan">Among whom they were looked for.</param>
    /// <param name="searched">All of them.</param>
    /// <param name="tried">The morphs of the most promising, the best beginning first.</param>
    internal static PairSearchReport Of(
        EvaluationContents contents,
        PairSearchPlan plan,
        IReadOnlyList<SearchedPair> searched,
        IReadOnlyList<SearchedPair> tried)
    {
        SearchedPair[] begun = [.. searched.Where(pair => pair.Method == SearchedPair.Beginning)];
        PairFinding[] findings = [.. tried.Select(pair => pair.Finding)];
        return new PairSearchReport
        {
            Settings = contents.Settings,
            Shard = contents.Shard,
            People = plan.People,
            FirstIdentity = plan.FirstIdentity,
            Pairs = begun.Length,
            RefusedBlends = begun.Count(pair => pair.IsRefused),
            Falling = begun.Count(pair => pair.IsRefused && pair.Falls),
            FeatureAccuracy = tried.Count == 0 ? new Dictionary<string, double>() : tried[0].FeatureAccuracy!,
            Tried = findings,
            Chosen = findings.Where(finding => finding.Faults.Count == 0).MinBy(finding => finding.Losses.Min()),
            Files = [],
        };
    }
}
