using Costate.Experiments.Evaluation;
using Costate.Faces.Reports;

namespace Costate.Experiments.Editing;

/// <summary>What <c>editing.json</c> says.</summary>
internal sealed record EditingReport : IEvaluationReport
{
    public string Command => "evaluate editing";

    public string Version => ToolVersion.Version;

    public required IReadOnlyDictionary<string, Setting> Settings { get; init; }

    public required string Shard { get; init; }

    /// <summary>By steps, then in the order of the methods.</summary>
    public required IReadOnlyList<EditingSummary> Methods { get; init; }

    /// <summary>How often each attribute changed as it was asked to, by its name, over all methods that are exact.</summary>
    public required IReadOnlyDictionary<string, MatchRate> Attributes { get; init; }

    public IReadOnlyList<string> Files => EditingFiles.All;

    IEnumerable<(string? Sentence, ResultTable Table)> IEvaluationReport.Tables() =>
        EditingTable.Of(Methods).Select((table, i) => (i == 0 ? EditingTable.Legend : null, table));

    internal static EditingReport Of(EvaluationContents contents, IReadOnlyList<EditingResult> results)
    {
        var order = EditingMethod.All.Index().ToDictionary(m => m.Item.Id, m => m.Index);
        return new EditingReport
        {
            Settings = contents.Settings,
            Shard = contents.Shard,
            Methods =
            [
                .. from kind in results.GroupBy(r => (r.Name, r.Steps))
                   orderby kind.Key.Steps, order[kind.Key.Name]
                   select EditingSummary.Of([.. kind], results),
            ],
            Attributes = results.Where(r => EditingMethod.Parse(r.Name)[0].IsExact)
                .GroupBy(r => r.Attribute)
                .OrderBy(g => g.Key, StringComparer.Ordinal)
                .ToDictionary(g => g.Key, g => MatchRate.Of(g.Select(r => r.Changed))),
        };
    }
}
