using System.CommandLine;
using Costate.Cli.Terminals;

namespace Costate.Cli.Commands;

/// <summary>A command line to copy, and what it does.</summary>
internal sealed record Example(string Purpose, string Line)
{
    /// <summary>Too long for a test to run it.</summary>
    internal bool TakesLong { get; init; }
}

/// <summary>A command whose help has notes and examples.</summary>
internal abstract class DocumentedCommand(CommandContext context, string name, string description) : Command(name, description)
{
    /// <summary>Paragraphs and tables below the options; a line that begins with a space is printed as it is.</summary>
    internal IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Every one of them is run by a test, but for those that take hours.</summary>
    internal IReadOnlyList<Example> Examples { get; init; } = [];

    /// <summary>
    /// The folder in which a run that is cancelled leaves what is finished, for the same command to go on with; null where it leaves
    /// nothing.
    /// </summary>
    internal virtual string? KeptIn(ParseResult parsed) => null;

    protected CommandContext Context { get; } = context;

    protected Terminal Terminal => Context.Terminal;

    protected CancellationToken Cancellation => Context.Cancellation;

    /// <summary>Adds options, in the order in which the help has them.</summary>
    protected void AddAll(params IReadOnlyList<Option> options)
    {
        foreach (Option option in options)
        {
            Options.Add(option);
        }
    }
}
