using System.CommandLine;
using Costate.Faces.Recognition;
using Costate.Faces.Training;

namespace Costate.Cli.Commands.Train;

/// <summary><c>costate train recogniser</c>.</summary>
internal sealed class TrainRecogniserCommand : NetworkCommand
{
    private const int MaxChannels = 1024;

    internal TrainRecogniserCommand(CommandContext context)
        : base(context, "recogniser", "Trains a face recogniser.", TrainingDefaults.Recogniser)
    {
        Option<string> loss = CommonOptions.Text("--loss", "NAME", $"The margin of the softmax: {AngularMargin.Names}.", "arcface");
        Option<int> width = CommonOptions.Whole("--width", 8, MaxChannels, "Channels of the first stage, a multiple of 8.", 24);
        Notes =
        [
            $"Files: {RecogniserTask.WeightsFile} (the moving average of the weights), {TrainingRun.LogFile}, "
                + $"{TrainingRun.ValidationFile} (threshold and true match rate on held-out identities at a false match rate of 0.1 %) "
                + $"and {Checkpoint.FileName}.",
            Ending,
        ];
        Examples =
        [
            new("Two steps on a few faces, to see that it runs",
                "costate train recogniser --loss adaface --width 8 --steps 2 --identities 4 --circumstances 2 --batch 4 --output recogniser"
            ),
        ];
        AddAll([loss, width, .. Shared.All]);
        SetAction(parsed =>
        {
            (string margin, int channels) = (parsed.GetValue(loss)!, parsed.GetValue(width));

            // Before any face is drawn.
            AngularMargin.Named(margin).Dispose();
            if (channels % 8 != 0)
            {
                throw new InputException("width", $"{channels}", "a multiple of 8");
            }

            return Run(
                parsed,
                (faces, settings) => new RecogniserTask(new FaceRecogniserConfig { Width = channels }, margin, faces, settings));
        });
    }
}
