using System.CommandLine;
using Costate.Faces.Machines;

namespace Costate.Cli.Commands.Doctor;

/// <summary><c>costate doctor</c>: whether this machine can run the tool, and what to do if not.</summary>
internal sealed class DoctorCommand : DocumentedCommand
{
    private readonly Func<CpuLibrariesState> prepare;
    private readonly Option<string> output = CommonOptions.Folder(
        ".", "The folder to try: whether results could be written there. Nothing is left in it.");
    private readonly Option<string?> weights = CommonOptions.Weights();
    private readonly Option<bool> json = CommonOptions.Json();

    internal DoctorCommand(CommandContext context, Func<CpuLibrariesState> prepare)
        : base(context, "doctor", "Says what this machine has, whether the tool can run on it, and what to do if it cannot.")
    {
        this.prepare = prepare;
        Notes = ["The exit code is 0 if all is well, and 1 if something needs doing; each such thing has its remedy below it."];
        Examples =
        [
            new("What is here", "costate doctor"),
            new("For a program to read", "costate doctor --json"),
        ];
        AddAll(output, weights, json);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        IReadOnlyList<Finding> libtorch = Libtorch.Look(prepare);
        IEnumerable<Finding> workplace = Workplace.Look(
            parsed.GetValue(output)!, parsed.GetValue(weights), hasLibtorch: libtorch.All(f => f.IsWell));
        var report = new MachineReport { Findings = [.. Machine.Look(), .. libtorch, .. workplace] };
        report.Print(Terminal, parsed.GetValue(json));
        return report.IsWell ? ExitCode.Done : ExitCode.Failed;
    }
}
