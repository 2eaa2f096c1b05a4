using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Costate.Cli.Terminals;

namespace Costate.Cli.Commands;

/// <summary>The help of System.CommandLine, and below it the notes and examples of the command.</summary>
internal sealed class DocumentedHelp(Terminal terminal) : SynchronousCommandLineAction
{
    internal const string ToolName = "costate";

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        new HelpAction { MaxWidth = terminal.Width }.Invoke(parseResult);
        Command command = parseResult.CommandResult.Command;
        var documented = command as DocumentedCommand;
        foreach (string note in documented?.Notes ?? [])
        {
            WriteNote(note);
        }

        Example[] examples = [.. documented is { Examples.Count: > 0 } ? documented.Examples : command.Subcommands.SelectMany(First)];
        terminal.Output.WriteLine("Examples:");
        foreach (Example example in examples)
        {
            terminal.Output.WriteLine($"  # {example.Purpose}");
            terminal.Output.WriteLine($"  {example.Line.Replace("\n", "\n      ", StringComparison.Ordinal)}");
        }

        terminal.Output.WriteLine();
        WriteNote(ExitCode.Help);
        return ExitCode.Done;
    }

    // The first example of a command, or of one below it.
    private static IEnumerable<Example> First(Command command) =>
        ((command as DocumentedCommand)?.Examples ?? []).Concat(command.Subcommands.SelectMany(First)).Take(1);

    private void WriteNote(string note)
    {
        foreach (string line in note.Split('\n').SelectMany(line => WrappedText.Of(line, terminal.Width)))
        {
            terminal.Output.WriteLine(line);
        }

        terminal.Output.WriteLine();
    }
}
