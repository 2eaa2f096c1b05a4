using Costate.Experiments.Evaluation;
using Costate.Faces.Guidance;
using Costate.Faces.Reports;

namespace Costate.Experiments.Guidance;

/// <summary>What <c>guidance.json</c> says.</summary>
internal sealed record GuidanceStudyReport : IEvaluationReport
{
    public string Command => "evaluate guidance";

    public string Version => ToolVersion.Version;

    public required IReadOnlyDictionary<string, Setting> Settings { get; init; }

    public required string Shard { get; init; }

    public required IReadOnlyList<GuidanceStudyFinding> Findings { get; init; }

    public required IReadOnlyList<GuidanceStudySummary> Methods { get; init; }

    public IReadOnlyList<string> Files => GuidanceStudyFiles.All;

    IEnumerable<(string? Sentence, ResultTable Table)> IEvaluationReport.Tables() =>
        GuidanceStudyTable.Of(Methods).Select((table, i) => (i == 0 ? GuidanceStudyTable.Legend : null, table));

    internal static GuidanceStudyReport Of(EvaluationContents contents, IReadOnlyList<GuidanceStudyResult> results)
    {
        var tasks = GuideTask.All.Index().ToDictionary(t => t.Item.Name, t => t.Index);
        var methods = GuideMethod.All.Index().ToDictionary(m => m.Item.Name, m => m.Index);
        GuidanceStudySummary[] summaries =
        [
            .. from kind in results.GroupBy(r => (r.Task, r.Budget))
               from method in kind.GroupBy(r => r.Name)
               let summary = GuidanceStudySummary.Of([.. method], [.. kind])
               let studied = StudiedMethod.Parse(method.Key)
               orderby tasks[summary.Task], methods[studied.Method.Name], Rank(studied.LookaheadSteps), summary.Method, summary.Budget
               select summary,
        ];
        return new GuidanceStudyReport
        {
            Settings = contents.Settings,
            Shard = contents.Shard,
            Findings = GuidanceStudyFinding.Of(summaries),
            Methods = summaries,
        };
    }

    private static int Rank(string? lookahead) => lookahead is null ? 1 : int.TryParse(lookahead, out int n) ? n : int.MaxValue;
}
