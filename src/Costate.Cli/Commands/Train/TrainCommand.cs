using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Faces.Machines;
using Costate.Faces.Training;

namespace Costate.Cli.Commands.Train;

/// <summary><c>costate train</c>: the embedded networks, from nothing; by itself, a check that they still learn.</summary>
internal sealed class TrainCommand : DocumentedCommand
{
    private readonly Option<bool> check = CommonOptions.Flag("--check", "Only see, in less than a minute, that every part still learns.");

    internal TrainCommand(CommandContext context)
        : base(context, "train", "Trains the embedded networks on faces that costate draws.")
    {
        Notes =
        [
            "--check trains small networks for a few steps on a few faces, each part of the embedded models, with one thread. "
                + "It fails with exit code 1 if a loss does not fall as it should.",
        ];
        Examples = [new("See that everything still learns", "costate train --check")];
        Options.Add(check);
        Subcommands.Add(new TrainAllCommand(context));
        Subcommands.Add(new TrainAutoencoderCommand(context));
        Subcommands.Add(new TrainRecogniserCommand(context));
        Subcommands.Add(new TrainAttributeJudgesCommand(context));
        Subcommands.Add(new TrainTextToImageCommand(context));
        Subcommands.Add(new TrainVocabularyCommand(context));
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        UsageException.ThrowIf(
            !parsed.GetValue(check),
            $"Got no name of what to train; expected {string.Join(", ", Subcommands.Select(c => c.Name))}, or --check.");

        using var used = new TorchThreads(1);
        using var line = new StageLine(Terminal);
        IReadOnlyList<LearningCheck> checks = TrainingCheck.Run(string.Join(' ', parsed.Tokens), line, Cancellation);
        line.Dispose();
        Terminal.Write(LearningCheck.Table(checks));
        return checks.All(c => c.Passed)
            ? ExitCode.Done
            : throw new CommandException($"Does not learn: {string.Join(", ", checks.Where(c => !c.Passed).Select(c => c.Name))}.");
    }
}
