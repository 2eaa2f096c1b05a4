using Costate.Cli.Evaluation;
using Costate.Cli.Output;

namespace Costate.Cli.Guidance;

/// <summary>What <c>guidance.json</c> says.</summary>
internal sealed record StudyReport
{
    public string Command => "evaluate guidance";

    public string Version => ToolVersion.Version;

    public required IReadOnlyDictionary<string, Setting> Settings { get; init; }

    public required string Shard { get; init; }

    public required IReadOnlyList<StudyFinding> Findings { get; init; }

    public required IReadOnlyList<StudySummary> Methods { get; init; }

    public IReadOnlyList<string> Files => StudyFiles.All;

    internal static StudyReport Of(EvaluationContents contents, IReadOnlyList<StudyResult> results)
    {
        var tasks = GuideTask.All.Index().ToDictionary(t => t.Item.Name, t => t.Index);
        var methods = GuideMethod.All.Index().ToDictionary(m => m.Item.Name, m => m.Index);
        StudySummary[] summaries =
        [
            .. from kind in results.GroupBy(r => (r.Task, r.Budget))
               from method in kind.GroupBy(r => r.Name)
               let summary = StudySummary.Of([.. method], [.. kind])
               let studied = StudiedMethod.Parse(method.Key)
               orderby tasks[summary.Task], methods[studied.Method.Name], Rank(studied.LookaheadSteps), summary.Method, summary.Budget
               select summary,
        ];
        return new StudyReport
        {
            Settings = contents.Settings,
            Shard = contents.Shard,
            Findings = StudyFinding.Of(summaries),
            Methods = summaries,
        };
    }

    private static int Rank(string? lookahead) => lookahead is null ? 1 : int.TryParse(lookahead, out int n) ? n : int.MaxValue;
}
