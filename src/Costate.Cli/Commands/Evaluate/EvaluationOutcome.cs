using Costate.Cli.Terminals;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Sharing;
using Costate.Faces.Reports;

namespace Costate.Cli.Commands.Evaluate;

/// <summary>What the commands of an evaluation tell of a folder of results.</summary>
internal static class EvaluationOutcome
{
    internal static (Outcome Outcome, IReadOnlyList<string> Files) Of(IEvaluationReport report) =>
        (new Outcome(report.Text, ReportFile: null, to => Print(to, report)), report.Files);

    /// <summary>The same, summed up once of all processes that have computed a part of it.</summary>
    internal static (Outcome Outcome, IReadOnlyList<string> Files) Of(
        WorkItems items,
        ResumableFolder folder,
        Func<IEvaluationReport> write,
        IReadOnlyList<string> files,
        CancellationToken cancellationToken)
    {
        IEvaluationReport? report = null;
        if (items.Conclude(() => report = write(), cancellationToken))
        {
            return Of(report!);
        }

        string[] there = [.. files.Where(file => File.Exists(Path.Combine(folder.FullName, file)))];
        return (Outcome.OfAnother(Path.Combine(folder.FullName, files.First(file => Path.GetExtension(file) == ".json"))), there);
    }

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
