using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments.Galleries;
using Costate.Experiments.Reconstruction;
using Costate.Faces.Models;
using Costate.Faces.Names;
using Costate.Faces.Pictures;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Evaluate;

/// <summary><c>costate evaluate autoencoder</c>: whether faces come back from it.</summary>
internal sealed class EvaluateAutoencoderCommand : ComputingCommand
{
    internal const string ReportFile = "autoencoder.json";
    internal const string SheetFile = "reconstructions.png";

    private readonly Option<string?> weights = CommonOptions.Weights();
    private readonly RunOptions common = new(CommonOptions.Output("costate-autoencoder-evaluation"));
    private readonly Option<int> faces = CommonOptions.Whole(
        "--faces", 1, Limits.People, "How many faces, each of another person.", 200);
    private readonly Option<int> steps = CommonOptions.Whole("--steps", 1, Limits.Steps, "Steps of encoding and of decoding.", 20);

    internal EvaluateAutoencoderCommand(CommandContext context)
        : base(context, "autoencoder", "Encodes and decodes faces, and measures what comes back.")
    {
        Notes =
        [
            "Each face is decoded from its code with its own noise, which DPM-Solver++2M finds by running from data to noise, "
                + "and with other noise, so that all that comes back comes from the code. Judges compare the result with another picture "
                + "of the same person; beside it stands how they do on the picture itself. Nobody shown was trained on.",
            $"Files: {ReportFile}, and {SheetFile} with the first faces, below them what came back from their own noise and from other "
                + $"noise; {Gallery.FileName} is a page with it.",
        ];
        Examples = [new("A quick look, on few faces", "costate evaluate autoencoder --faces 4 --steps 5")];
        AddAll([weights, faces, steps, .. common.All]);

        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        string[] files = [SheetFile, ReportFile, Gallery.FileName];
        return Produce(common.Of(parsed), files, folder =>
        {
            using var model = new EmbeddedModel(parsed.GetValue(weights));
            var study = new ReconstructionStudy(model, parsed.GetValue(faces), parsed.GetValue(steps));
            using var line = new ProgressLine(Terminal, "autoencoder", total: 1);
            IReadOnlyList<ReconstructedFaces> results = study.Run(line.Report, Cancellation);
            using Tensor shown = study.Shown!;
            ContactSheet.WriteFile(folder.Stage(SheetFile), shown, (int)shown.shape[0] / 3);
            return new Outcome(study.Report(results), ReportFile, to => to.Write(ReconstructionTable.Of(results), spaced: true))
            {
                HasGallery = true,
            };
        });
    }
}
