using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments.Recognition;
using Costate.Faces.Models;
using Costate.Faces.Names;
using Costate.Faces.Recognition;
using Costate.Faces.Reports;
using Costate.Faces.Training;

namespace Costate.Cli.Commands.Evaluate;

/// <summary><c>costate evaluate recognisers</c>: their thresholds, and how many matches they find at them.</summary>
internal sealed class EvaluateRecognisersCommand : ComputingCommand
{
    // All similarities are kept, four bytes each.
    private const long MaxPairs = 200_000_000;

    private readonly Option<string?> weights = CommonOptions.Weights();
    private readonly RunOptions common = new(CommonOptions.Output("costate-recognisers"));
    private readonly Option<int> identities = CommonOptions.Whole("--identities", 2, Limits.People, "How many people.", 1000);
    private readonly Option<int> pictures = CommonOptions.Whole("--pictures", 2, Limits.Together, "How many pictures of each.", 4);

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
                + $"{RocPlot.FileName}.",
        ];
        Examples =
        [
            new("A quick look, on fewer people", "costate evaluate recognisers --identities 50 --pictures 2"),
        ];
        AddAll([weights, identities, pictures, .. common.All]);

        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        (int people, int each) = (parsed.GetValue(identities), parsed.GetValue(pictures));
        Check(people, each);
        string[] files = [Calibration.FileName, RocPlot.FileName];
        return Produce(common.Of(parsed), files, folder =>
        {
            using var model = new EmbeddedModel(parsed.GetValue(weights));
            using var line = new ProgressLine(Terminal, "recognisers", total: 1);
            var evaluation = RecogniserEvaluation.Run(model.Folder, people, each, line.Report, Cancellation);
            File.WriteAllBytes(folder.Stage(RocPlot.FileName), RocPlot.Of(evaluation));
            Calibration found = evaluation.Calibration;
            return new Outcome(JsonReport.Text(found), Calibration.FileName, to => to.Write(CalibrationTable.Of(found), spaced: true));
        });
    }

    private static void Check(int people, int each)
    {
        long pairs = RecogniserEvaluation.ImpostorPairs(people, each);
        UsageException.ThrowIf(
            pairs * RecogniserEvaluation.TargetFalseMatchRate < 1 || pairs > MaxPairs,
            $"Got --identities {people} and --pictures {each}, which are {pairs} pairs of two people; "
                + $"expected {1 / RecogniserEvaluation.TargetFalseMatchRate} to {MaxPairs} of them.");
    }
}
