using Costate.Cli.Terminals;
using Costate.Faces.Machines;
using Costate.Faces.Reports;
using Spectre.Console;

namespace Costate.Cli.Commands.Doctor;

/// <summary>What <c>costate doctor</c> says.</summary>
internal sealed record MachineReport
{
    public string Command => "doctor";

    public string Version => ToolVersion.Version;

    public bool IsWell => Findings.All(f => f.IsWell);

    public required IReadOnlyList<Finding> Findings { get; init; }

    internal void Print(Terminal terminal, bool json)
    {
        if (json)
        {
            terminal.Output.WriteLine(JsonReport.Text(this));
            return;
        }

        var table = new Table { Border = TableBorder.Simple, ShowHeaders = false };
        table.AddColumns("", "");
        foreach (Finding finding in Findings)
        {
            table.AddRow(Markup.Escape(finding.Name), Markup.Escape(finding.Found));
            if (finding.Remedy is string remedy)
            {
                table.AddRow("", $"[bold]To do:[/] {Markup.Escape(remedy)}");
            }
        }

        terminal.Write(table);
        int ill = Findings.Count(f => !f.IsWell);
        terminal.Output.WriteLine(ill == 0 ? "All is well." : $"{ill} {(ill == 1 ? "thing needs" : "things need")} doing.");
    }
}
