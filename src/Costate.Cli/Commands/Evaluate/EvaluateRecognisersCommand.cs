using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Recognition;
using Costate.Experiments.Sharing;
using Costate.Faces.Files;
using Costate.Faces.Machines;
using Costate.Faces.Models;
using Costate.Faces.Names;
using Costate.Faces.Recognition;
using Costate.Faces.Reports;
using Costate.Faces.Training;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Evaluate;

/// <summary><c>costate evaluate recognisers</c>: their thresholds, and how many matches they find at them.</summary>
internal sealed class EvaluateRecognisersCommand : ComputingCommand
{
    // All similarities are kept, four bytes each.
    private const long MaxPairs = 200_000_000;

    private readonly Option<string?> weights = CommonOptions.Weights();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly RunOptions common = new(CommonOptions.Output("costate-recognisers", " With --shard, as they are found."));
    private readonly Option<int> identities = CommonOptions.Whole("--identities", 2, Limits.People, "How many people.", 1000);
    private readonly Option<int> pictures = CommonOptions.Whole("--pictures", 2, Limits.Together, "How many pictures of each.", 4);
    private readonly Option<string> shard = CommonOptions.Shard("person");
    private readonly Option<int> batch = CommonOptions.Whole(
        "--batch", 1, Limits.Together, "With --shard: people computed together.", 16);

    internal EvaluateRecognisersCommand(CommandContext context)
        : base(context, "recognisers", "Finds the threshold of each face recogniser and how many matches it finds there.")
    {
        Notes =
        [
            "A pair of faces matches where the cosine similarity of their embeddings is above the threshold. "
                + $"The threshold is the lowest at which at most {100 * RecogniserEvaluation.TargetFalseMatchRate} % of the pairs of two "
                + "people match; the true match rate is the share of the pairs of one person that do. Nobody shown was trained on.",
            "The interval is Wilson's at 95 %, with the pairs of one person counted as fewer than they are, "
                + "because they depend on each other.",
            $"Files: {Calibration.FileName} (what the other commands take the thresholds from, when it lies beside the weights) and "
                + $"{RocPlot.FileName}. With --shard, for each person a folder with the embeddings too, written as they are found: "
                + "the same command goes on where an earlier run ended.",
        ];
        Examples =
        [
            new("A quick look, on fewer people", "costate evaluate recognisers --identities 50 --pictures 2"),
            new("Half of more", "costate evaluate recognisers --identities 100 --pictures 2 --shard 1/2 --output half-of-the-people"),
        ];
        AddAll([weights, identities, pictures, shard, batch, device, .. common.All]);

        SetAction(Run);
    }

    internal override string? KeptIn(ParseResult parsed) => IsShared(parsed) ? common.Of(parsed).Output : null;

    private bool IsShared(ParseResult parsed) => parsed.GetResult(shard) is { Implicit: false };

    private int Run(ParseResult parsed)
    {
        (int people, int each) = (parsed.GetValue(identities), parsed.GetValue(pictures));
        Check(people, each);
        Device on = ComputeDevice.Named(parsed.GetValue(device)!);
        using var model = new EmbeddedModel(parsed.GetValue(weights));
        return IsShared(parsed) ? RunPart(parsed, model.Folder, people, each, on) : RunAll(parsed, model.Folder, people, each, on);
    }

    private int RunPart(ParseResult parsed, string weights, int people, int each, Device on)
    {
        Division division = DivisionOf(parsed.GetValue(shard)!);
        string to = common.Of(parsed).Output;
        return GoOn(common.Of(parsed), () =>
        {
            using var recognisers = new RecogniserSet(weights, on);
            using FolderLock folderLock = Take(parsed, to, division);
            var folder = new RecogniserFolder(to);
            using var line = new StageLine(Terminal);
            var run = new RecogniserRun(recognisers, each, folder, line);
            (EvaluationContents contents, WorkItems items) = run.Begin(division, people);
            using WorkItems held = items;
            run.Run(items, parsed.GetValue(batch), Cancellation);
            return EvaluationOutcome.Of(
                items, folder, () => RecogniserFiles.Write(folder, contents), RecogniserFiles.All, Cancellation);
        });
    }

    private int RunAll(ParseResult parsed, string weights, int people, int each, Device on) =>
        Produce(common.Of(parsed), RecogniserFiles.All, folder =>
        {
            using var line = new ProgressLine(Terminal, "recognisers", total: 1);
            var evaluation = RecogniserEvaluation.Run(weights, people, each, line.Report, Cancellation, on);
            File.WriteAllBytes(folder.Stage(RocPlot.FileName), RocPlot.Of(evaluation));
            Calibration found = evaluation.Calibration;
            return new Outcome(JsonReport.Text(found), Calibration.FileName, to => to.Write(CalibrationTable.Of(found), spaced: true));
        });

    private static void Check(int people, int each)
    {
        long pairs = RecogniserEvaluation.ImpostorPairs(people, each);
        UsageException.ThrowIf(
            pairs * RecogniserEvaluation.TargetFalseMatchRate < 1 || pairs > MaxPairs,
            $"Got --identities {people} and --pictures {each}, which are {pairs} pairs of two people; "
                + $"expected {1 / RecogniserEvaluation.TargetFalseMatchRate} to {MaxPairs} of them.");
    }
}
