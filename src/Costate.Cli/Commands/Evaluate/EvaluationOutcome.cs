using Costate.Cli.Terminals;
using Costate.Experiments.Editing;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Guidance;
using Costate.Faces.Reports;

namespace Costate.Cli.Commands.Evaluate;

/// <summary>What the commands of an evaluation tell of a folder of results.</summary>
internal static class EvaluationOutcome
{
    internal static (Outcome Outcome, IReadOnlyList<string> Files) Of(EvaluationReport report) =>
        (new Outcome(JsonReport.Text(report), ReportFile: null, to => Print(to, report)), report.Files);

    internal static (Outcome Outcome, IReadOnlyList<string> Files) Of(GuidanceStudyReport report) =>
        (new Outcome(JsonReport.Text(report), ReportFile: null, to => Print(to, report)), report.Files);

    internal static (Outcome Outcome, IReadOnlyList<string> Files) Of(EditingReport report) =>
        (new Outcome(JsonReport.Text(report), ReportFile: null, to => Print(to, report)), report.Files);

    private static void Print(Terminal to, EditingReport report)
    {
        to.Output.WriteLine("Means ± half of their 95 % intervals; shares with their 95 % intervals.");
        foreach (ResultTable table in EditingTable.Of(report.Methods))
        {
            to.Write(table);
        }
    }

    private static void Print(Terminal to, EvaluationReport report)
    {
        foreach ((string sentence, ResultTable table) in EvaluationTables.Of(report))
        {
            to.Output.WriteLine(sentence);
            to.Write(table);
        }
    }

    private static void Print(Terminal to, GuidanceStudyReport report)
    {
        to.Output.WriteLine(
            "Means ± half of their 95 % intervals. Identity: cosine similarity under the recogniser of the loss; "
                + "judges: under recognisers that no loss has seen.");
        foreach (ResultTable table in GuidanceStudyTable.Of(report.Methods))
        {
            to.Write(table);
        }
    }
}
