using Costate.Cli.Terminals;
using Costate.Experiments.Evaluation;
using Costate.Faces.Reports;

namespace Costate.Cli.Commands.Evaluate;

/// <summary>What the commands of an evaluation print.</summary>
internal static class EvaluationOutput
{
    internal static void Write(Terminal terminal, EvaluationReport report, EvaluationFolder folder, bool json)
    {
        if (json)
        {
            terminal.Output.WriteLine(JsonReport.Text(report));
            return;
        }

        terminal.Output.WriteLine(
            "MMPMR in %: with other pictures of the two people (95 % interval), under all judges at once, "
                + "and with the sources of the morph.");
        terminal.Write(EvaluationTables.Rates(report.Methods));
        terminal.Output.WriteLine(
            "Cost: network evaluations as AdjointDEIS counts them and those made, gradients of the network; "
                + "time without the common encoding.");
        terminal.Write(EvaluationTables.Costs(report.Methods));
        foreach (TableSummary table in report.Tables)
        {
            terminal.Output.WriteLine($"{table.Title} (table {table.Number} of AdjointDEIS)");
            terminal.Write(EvaluationTables.Rates(table.Rows));
        }

        terminal.Output.WriteLine($"{folder.FullName}: {string.Join(", ", report.Files)}");
    }
}
