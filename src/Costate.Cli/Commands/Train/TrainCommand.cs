using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Terminals;
using Costate.Faces.Machines;
using Costate.Faces.Training;

namespace Costate.Cli.Commands.Train;

/// <summary><c>costate train</c>: the embedded networks, from nothing; by itself, a check that they still learn.</summary>
internal sealed class TrainCommand : DocumentedCommand
{
    private readonly Terminal terminal;
    private readonly CancellationToken cancellationToken;
    private readonly Option<bool> check = CommonOptions.Flag("--check", "Only see, in less than a minute, that every part still learns.");

    [SetsRequiredMembers]
    internal TrainCommand(Terminal terminal, CancellationToken cancellationToken)
        : base("train", "Trains the embedded networks on faces that costate draws.")
    {
        (this.terminal, this.cancellationToken) = (terminal, cancellationToken);
        Notes =
        [
            "--check trains small networks for a few steps on a few faces, each part of the embedded models, with one thread. "
                + "It fails with exit code 1 if a loss does not fall as it should.",
        ];
        Examples = [new("See that everything still learns", "costate train --check")];
        Options.Add(check);
        Subcommands.Add(new TrainAllCommand(terminal, cancellationToken));
        Subcommands.Add(new TrainAutoencoderCommand(terminal, cancellationToken));
        Subcommands.Add(new TrainRecogniserCommand(terminal, cancellationToken));
        Subcommands.Add(new TrainAttributeJudgesCommand(terminal, cancellationToken));
        Subcommands.Add(new TrainTextToImageCommand(terminal, cancellationToken));
        Subcommands.Add(new TrainVocabularyCommand(terminal, cancellationToken));
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        if (!parsed.GetValue(check))
        {
            throw new UsageException(
                $"Got no name of what to train; expected {string.Join(", ", Subcommands.Select(c => c.Name))}, or --check.");
        }

        using var used = new TorchThreads(1);
        using var line = new StageLine(terminal);
        IReadOnlyList<LearningCheck> checks = TrainingCheck.Run(string.Join(' ', parsed.Tokens), line, cancellationToken);
        line.Dispose();
        terminal.Write(LearningCheck.Table(checks));
        return checks.All(c => c.Passed)
            ? ExitCode.Done
            : throw new CommandException($"Does not learn: {string.Join(", ", checks.Where(c => !c.Passed).Select(c => c.Name))}.");
    }
}
