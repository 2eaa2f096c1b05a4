using System.CommandLine;

namespace Costate.Cli.Commands;

/// <summary><c>costate train</c>: the embedded networks, from nothing.</summary>
internal sealed class TrainCommand : Command
{
    internal TrainCommand(Terminal terminal, CancellationToken cancellationToken)
        : base("train", "Trains the embedded networks on faces that costate draws.")
    {
        Subcommands.Add(new TrainAutoencoderCommand(terminal, cancellationToken));
        Subcommands.Add(new TrainRecogniserCommand(terminal, cancellationToken));
    }
}
