using System.CommandLine;
using Costate.Faces.Models;
using Costate.Faces.Training;

namespace Costate.Cli.Commands.Train;

/// <summary><c>costate train autoencoder</c>.</summary>
internal sealed class TrainAutoencoderCommand : NetworkCommand
{
    internal TrainAutoencoderCommand(CommandContext context)
        : base(context, "autoencoder", "Trains the diffusion autoencoder.", TrainingDefaults.Autoencoder)
    {
        Notes =
        [
            $"Files: {AutoencoderTask.WeightsFile} (the moving average of the weights), {TrainingRun.LogFile}, "
                + $"{TrainingRun.ValidationFile}, {Checkpoint.FileName} and samples-*.png: faces that it was not trained on, "
                + "the same from their own noise, and from other noise.",
            Ending,
        ];
        Examples =
        [
            new("Two steps on a few faces, to see that it runs",
                "costate train autoencoder --steps 2 --identities 4 --circumstances 2 --batch 2 --output autoencoder"),
        ];
        Option<string?> from = CommonOptions.Text(
            "--from", "FILE", "Begin with these weights: of such a network, or of a narrower one, which is widened.");
        Option<double?> encoderFirst = CommonOptions.Number(
            "--encoder-first", "S", v => v is >= 0 and <= 1, "a number from 0 to 1",
            "Share of the training in which the encoder learns alone, with a small decoder that is dropped afterwards, at a fifth of the "
                + $"cost. [default: {AutoencoderTask.EncoderFirst}; 0 with --from of such a network]");
        AddAll([from, encoderFirst, .. Shared.All]);
        SetAction(parsed => Run(
            parsed,
            (faces, settings) => new AutoencoderTask(
                PatchedAutoencoderConfig.Faces64, faces, settings, parsed.GetValue(from), parsed.GetValue(encoderFirst))));
    }
}
