using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Galleries;
using Costate.Experiments.Reconstruction;
using Costate.Experiments.Sharing;
using Costate.Faces.Files;
using Costate.Faces.Machines;
using Costate.Faces.Models;
using Costate.Faces.Names;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Evaluate;

/// <summary><c>costate evaluate autoencoder</c>: whether faces come back from it.</summary>
internal sealed class EvaluateAutoencoderCommand : ComputingCommand
{
    private readonly Option<int> faces = CommonOptions.Whole(
        "--faces", 1, Limits.People, "How many faces, each of another person.", 200);
    private readonly Option<int> steps = CommonOptions.Whole("--steps", 1, Limits.Steps, "Steps of encoding and of decoding.", 20);
    private readonly Option<string> shard = CommonOptions.Shard("face");
    private readonly Option<int> batch = CommonOptions.Whole("--batch", 1, Limits.Together, "Faces computed together.", 16);
    private readonly Option<string?> weights = CommonOptions.Weights();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly RunOptions common = new(CommonOptions.ResumableOutput("costate-autoencoder-evaluation"));

    internal EvaluateAutoencoderCommand(CommandContext context)
        : base(context, "autoencoder", "Encodes and decodes faces, and measures what comes back.")
    {
        Notes =
        [
            "Each face is decoded from its code with its own noise, which DPM-Solver++2M finds by running from data to noise, "
                + "and with other noise, so that all that comes back comes from the code. Judges compare the result with another picture "
                + "of the same person; beside it stands how they do on the picture itself. Nobody shown was trained on.",
            $"Files: {ReconstructionFiles.Report}, {ReconstructionFiles.Table} (a row for each face), and {ReconstructionFiles.Sheet} with "
                + "the first faces, below them what came back from their own noise and from other noise; "
                + $"{Gallery.FileName} is a page with all of it. For each face a folder, written as it is found: the same command goes on "
                + "where an earlier run ended, with settings that must be the same.",
        ];
        Examples =
        [
            new("A quick look, on few faces", "costate evaluate autoencoder --faces 4 --steps 5"),
            new("Half of them", "costate evaluate autoencoder --faces 4 --steps 5 --shard 1/2 --output half-of-the-faces"),
        ];
        AddAll([faces, steps, shard, batch, weights, device, .. common.All]);

        SetAction(Run);
    }

    internal override string? KeptIn(ParseResult parsed) => common.Of(parsed).Output;

    private int Run(ParseResult parsed)
    {
        Device on = ComputeDevice.Named(parsed.GetValue(device)!);
        Division division = DivisionOf(parsed.GetValue(shard)!);
        string to = common.Of(parsed).Output;
        return GoOn(common.Of(parsed), () =>
        {
            using FaceModel model = Context.LoadFaces(parsed.GetValue(weights), on);
            using FolderLock folderLock = Take(parsed, to, division);
            var folder = new ReconstructionFolder(to);
            using var line = new StageLine(Terminal);
            var run = new ReconstructionRun(model, parsed.GetValue(steps), folder, line);
            (EvaluationContents contents, WorkItems items) = run.Begin(division, parsed.GetValue(faces));
            using WorkItems held = items;
            run.Run(items, parsed.GetValue(batch), Cancellation);
            return EvaluationOutcome.Of(
                items, folder, () => ReconstructionFiles.Write(folder, contents), ReconstructionFiles.All, Cancellation);
        });
    }
}
