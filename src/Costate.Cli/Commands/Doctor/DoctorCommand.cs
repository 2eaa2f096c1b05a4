using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Terminals;
using Costate.Faces.Files;
using Costate.Faces.Machines;
using Costate.Faces.Models;

namespace Costate.Cli.Commands.Doctor;

/// <summary><c>costate doctor</c>: whether this machine can run the tool, and what to do if not.</summary>
internal sealed class DoctorCommand : DocumentedCommand
{
    private readonly Terminal terminal;
    private readonly Func<CpuLibrariesState> prepare;
    private readonly Option<string> output = new("--output", "-o")
    {
        Description = "The folder to try: whether results could be written there. Nothing is left in it.",
        HelpName = "DIR",
        DefaultValueFactory = _ => ".",
    };
    private readonly Option<string?> weights = CommonOptions.Weights();
    private readonly Option<bool> json = CommonOptions.Json();

    [SetsRequiredMembers]
    internal DoctorCommand(Terminal terminal, Func<CpuLibrariesState> prepare)
        : base("doctor", "Says what this machine has, whether the tool can run on it, and what to do if it cannot.")
    {
        (this.terminal, this.prepare) = (terminal, prepare);
        Notes = ["The exit code is 0 if all is well, and 1 if something needs doing; each such thing has its remedy below it."];
        Examples =
        [
            new("What is here", "costate doctor"),
            new("For a program to read", "costate doctor --json"),
        ];
        Options.Add(output);
        Options.Add(weights);
        Options.Add(json);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        Finding[] libtorch = [.. Libtorch.Look(prepare)];
        var report = new MachineReport
        {
            Findings =
            [
                .. Machine.Look(),
                .. libtorch,
                Try("output folder", () => Writable(parsed.GetValue(output)!)),
                Try(
                    "embedded model",
                    () => libtorch.All(f => f.IsWell) ? Model(parsed.GetValue(weights)) : "not looked at without libtorch"),
            ],
        };
        report.Print(terminal, parsed.GetValue(json));
        return report.IsWell ? ExitCode.Done : ExitCode.Failed;
    }

    // What the commands themselves would say of it.
    private static Finding Try(string name, Func<string> look)
    {
        try
        {
            return new(name, look());
        }
        catch (Exception e) when (e is CommandException or InvalidDataException or IOException)
        {
            return new(name, "cannot be used", e.Message);
        }
    }

    private static string Writable(string folder)
    {
        using OutputFolder tried = OutputFolder.Prepare(folder);
        File.WriteAllText(tried.Stage("tried"), "tried");
        return $"{tried.FullName} can be written to";
    }

    private static string Model(string? folder)
    {
        using var model = new EmbeddedModel(folder);
        return $"{model.Check()} networks, whole, in {model.Folder}";
    }
}
