using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Terminals;
using Costate.Faces.Captions;
using Costate.Faces.Recognition;
using Costate.Faces.Training;

namespace Costate.Cli.Commands.Train;

/// <summary><c>costate train attribute-judges</c>.</summary>
internal sealed class TrainAttributeJudgesCommand : DocumentedCommand
{
    private readonly TrainingOptions options;

    [SetsRequiredMembers]
    internal TrainAttributeJudgesCommand(Terminal terminal, CancellationToken cancellationToken)
        : base("attribute-judges", "Trains the judges of what captions say of a face.")
    {
        options = new TrainingOptions("costate-attribute-judges", TrainingDefaults.AttributeJudges);
        Notes =
        [
            $"They judge {string.Join(", ", FaceAttribute.All.Select(a => a.Name))} of drawn faces of {AttributeJudges.Side} pixels "
                + "a side.",
            $"Files: {AttributeTask.WeightsFile} (the moving average of the weights), {TrainingRun.LogFile}, {TrainingRun.ValidationFile} "
                + $"(how often each attribute of faces that they were not trained on is seen as it is) and {Checkpoint.FileName}.",
            "Ctrl-C stops with a checkpoint, and the same command goes on. With --steps the same seed and number "
                + "of threads give the same weights; with --minutes they depend on the machine's speed.",
        ];
        Examples =
        [
            new(
                "Two steps on a few faces, to see that it runs",
                "costate train attribute-judges --steps 2 --identities 4 --circumstances 2 --batch 4 --output judges"),
        ];
        options.AddTo(this);
        SetAction(parsed => options.Run(
            parsed,
            (faces, settings) => new AttributeTask(AttributeJudges.Config(TrainingRecipe.AttributeWidth), faces, settings),
            terminal,
            cancellationToken));
    }

    internal override string? KeptIn(ParseResult parsed) => options.FolderOf(parsed);
}
