using Costate.Cli.Terminals;
using Costate.Experiments.Evaluation;
using Costate.Faces.Reports;

namespace Costate.Cli.Commands.Evaluate;

/// <summary>What the commands of an evaluation tell of a folder of results.</summary>
internal static class EvaluationOutcome
{
    internal static (Outcome Outcome, IReadOnlyList<string> Files) Of(IEvaluationReport report) =>
        (new Outcome(JsonReport.Text<object>(report), ReportFile: null, to => Print(to, report)), report.Files);

    private static void Print(Terminal to, IEvaluationReport report)
    {
        foreach ((string? sentence, ResultTable table) in report.Tables())
        {
            if (sentence is not null)
            {
                to.Output.WriteLine(sentence);
            }

            to.Write(table);
        }
    }
}
