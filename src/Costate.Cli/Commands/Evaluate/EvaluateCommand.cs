using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Faces.Models;

namespace Costate.Cli.Commands.Evaluate;

/// <summary><c>costate evaluate</c>: how good the embedded networks are, and what is done with them.</summary>
internal sealed class EvaluateCommand : Command
{
    internal EvaluateCommand(Terminal terminal, Func<string?, FaceModel> load, CancellationToken cancellationToken)
        : base("evaluate", "Measures the embedded networks on faces that they were not trained on.")
    {
        Subcommands.Add(new EvaluateRecognisersCommand(terminal, cancellationToken));
        Subcommands.Add(new EvaluateAutoencoderCommand(terminal, cancellationToken));
        Subcommands.Add(new EvaluateMorphsCommand(terminal, load, cancellationToken));
        Subcommands.Add(new EvaluatePairsCommand(terminal, load, cancellationToken));
        Subcommands.Add(new EvaluateGuidanceCommand(terminal, load, cancellationToken));
        Subcommands.Add(new EvaluateGenerationCommand(terminal, cancellationToken));
        Subcommands.Add(new EvaluateEditingCommand(terminal, cancellationToken));
        Subcommands.Add(new EvaluateMergeCommand(terminal, cancellationToken));
    }
}
