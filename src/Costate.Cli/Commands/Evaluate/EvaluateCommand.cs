using System.CommandLine;

namespace Costate.Cli.Commands.Evaluate;

/// <summary><c>costate evaluate</c>: how good the embedded networks are, and what is done with them.</summary>
internal sealed class EvaluateCommand : Command
{
    internal EvaluateCommand(CommandContext context)
        : base("evaluate", "Measures the embedded networks on faces that they were not trained on.")
    {
        Subcommands.Add(new EvaluateRecognisersCommand(context));
        Subcommands.Add(new EvaluateAutoencoderCommand(context));
        Subcommands.Add(new EvaluateMorphsCommand(context));
        Subcommands.Add(new EvaluatePairsCommand(context));
        Subcommands.Add(new EvaluateGuidanceCommand(context));
        Subcommands.Add(new EvaluateGenerationCommand(context));
        Subcommands.Add(new EvaluateEditingCommand(context));
        Subcommands.Add(new EvaluateMergeCommand(context));
    }
}
