using System.CommandLine;

namespace Costate.Cli.Commands;

/// <summary><c>costate evaluate</c>: how good the embedded networks are, and what is done with them.</summary>
internal sealed class EvaluateCommand : Command
{
    internal EvaluateCommand(Terminal terminal, CancellationToken cancellationToken)
        : base("evaluate", "Measures the embedded networks on faces that they were not trained on.")
    {
        Subcommands.Add(new EvaluateRecognisersCommand(terminal, cancellationToken));
    }
}
