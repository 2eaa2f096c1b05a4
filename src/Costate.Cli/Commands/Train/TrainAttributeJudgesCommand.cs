using Costate.Faces.Captions;
using Costate.Faces.Recognition;
using Costate.Faces.Training;

namespace Costate.Cli.Commands.Train;

/// <summary><c>costate train attribute-judges</c>.</summary>
internal sealed class TrainAttributeJudgesCommand : NetworkCommand
{
    internal TrainAttributeJudgesCommand(CommandContext context)
        : base(context, "attribute-judges", "Trains the judges of what captions say of a face.", TrainingDefaults.AttributeJudges)
    {
        Notes =
        [
            $"They judge {string.Join(", ", FaceAttribute.All.Select(a => a.Name))} of drawn faces of {AttributeJudges.Side} pixels "
                + "a side.",
            $"Files: {AttributeTask.WeightsFile} (the moving average of the weights), {TrainingRun.LogFile}, {TrainingRun.ValidationFile} "
                + $"(how often each attribute of faces that they were not trained on is seen as it is) and {Checkpoint.FileName}.",
            Ending,
        ];
        Examples =
        [
            new("Two steps on a few faces, to see that it runs",
                "costate train attribute-judges --steps 2 --identities 4 --circumstances 2 --batch 4 --output judges"),
        ];
        AddAll(Shared.All);
        SetAction(parsed => Run(
            parsed,
            (faces, settings) => new AttributeTask(AttributeJudges.Config(TrainingRecipe.AttributeWidth), faces, settings)));
    }
}
