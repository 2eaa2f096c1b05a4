using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments.Galleries;
using Costate.Experiments.Reconstruction;
using Costate.Faces.Models;
using Costate.Faces.Names;
using Costate.Faces.Reports;

namespace Costate.Cli.Commands.Evaluate;

/// <summary><c>costate evaluate autoencoder</c>: whether faces come back from it.</summary>
internal sealed class EvaluateAutoencoderCommand : ComputingCommand
{
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
            $"Files: {ReconstructionFiles.ReportFile}, and {ReconstructionFiles.SheetFile} with the first faces, below them what came back "
                + $"from their own noise and from other noise; {Gallery.FileName} is a page with it.",
        ];
        Examples = [new("A quick look, on few faces", "costate evaluate autoencoder --faces 4 --steps 5")];
        AddAll([weights, faces, steps, .. common.All]);

        SetAction(Run);
    }

    private int Run(ParseResult parsed) => Produce(common.Of(parsed), ReconstructionFiles.All, folder =>
    {
        using var model = new EmbeddedModel(parsed.GetValue(weights));
        using var line = new ProgressLine(Terminal, "autoencoder", total: 1);
        (string report, ResultTable table) = ReconstructionFiles.Write(
            folder, model, parsed.GetValue(faces), parsed.GetValue(steps), line.Report, Cancellation);
        return new Outcome(report, ReconstructionFiles.ReportFile, to => to.Write(table, spaced: true)) { HasGallery = true };
    });
}
