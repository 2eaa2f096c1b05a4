using Costate.Faces.Reports;

namespace Costate.Experiments.Evaluation;

/// <summary>What <c>morphs.json</c> says.</summary>
internal sealed record EvaluationReport : IEvaluationReport
{
    public string Command => "evaluate morphs";

    public string Version => ToolVersion.Version;

    public required IReadOnlyDictionary<string, Setting> Settings { get; init; }

    public required string Shard { get; init; }

    public required IReadOnlyList<MethodSummary> Methods { get; init; }

    public required IReadOnlyList<TableSummary> Tables { get; init; }

    public required IReadOnlyList<string> Files { get; init; }

    IEnumerable<(string? Sentence, ResultTable Table)> IEvaluationReport.Tables() => EvaluationTables.Of(this);

    internal static EvaluationReport Of(EvaluationContents contents, IReadOnlyList<PairResult> results)
    {
        EvaluationSettings settings = EvaluationSettings.Of(contents.Settings);
        ILookup<string, PairResult> byMethod = results.ToLookup(r => r.Method);
        var order = EvaluatedMethod.All.Index().ToDictionary(m => m.Item.Name, m => m.Index);
        return new EvaluationReport
        {
            Settings = contents.Settings,
            Shard = contents.Shard,
            Methods =
            [
                .. byMethod.Select(group => (Method: EvaluatedMethod.Parse(group.Key, settings), Results: group.ToArray()))
                    .OrderBy(m => order[m.Method.Name.Split(':')[0]])
                    .ThenBy(m => m.Method.Name, StringComparer.Ordinal)
                    .Select(m => MethodSummary.Of(m.Method, settings, m.Results)),
            ],
            Tables =
            [
                .. EvaluatedMethod
                    .Tables.Select(t => TableOf(t.Number, t.Title, EvaluatedMethod.Parse(t.Methods, settings), byMethod, settings))
                    .OfType<TableSummary>(),
            ],
            Files = EvaluationFiles.All,
        };
    }

    // Null unless all its rows have been computed for some pairs.
    private static TableSummary? TableOf(
        int number,
        string title,
        IReadOnlyList<EvaluatedMethod> rows,
        ILookup<string, PairResult> byMethod,
        EvaluationSettings settings)
    {
        HashSet<int> common = [.. byMethod[rows[0].Name].Select(r => r.Pair)];
        foreach (EvaluatedMethod row in rows)
        {
            common.IntersectWith(byMethod[row.Name].Select(r => r.Pair));
        }

        return common.Count == 0
            ? null
            : new TableSummary(
                number,
                title,
                [.. rows.Select(row => MethodSummary.Of(row, settings, [.. byMethod[row.Name].Where(r => common.Contains(r.Pair))]))]);
    }
}
