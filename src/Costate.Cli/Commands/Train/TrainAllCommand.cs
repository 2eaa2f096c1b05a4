using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments.Recognition;
using Costate.Faces.Models;
using Costate.Faces.Training;

namespace Costate.Cli.Commands.Train;

/// <summary><c>costate train all</c>: the whole embedded model.</summary>
internal sealed class TrainAllCommand : ComputingCommand
{
    private const double DefaultMinutes = 180;

    private readonly Option<string> output = CommonOptions.OutputOfTrainings("costate-training");
    private readonly Option<double?> minutes = CommonOptions.Minutes(
        $"Train so long in all, earlier runs in the same folder included. [default: {DefaultMinutes}]");
    private readonly Option<int?> threads = CommonOptions.Threads("Threads of torch and of drawing. [default: 1]");
    private readonly RecordingOptions recording = new();

    internal TrainAllCommand(CommandContext context)
        : base(context, "all", "Trains the embedded model: the autoencoder and all recognisers, and finds their thresholds.")
    {
        Notes =
        [
            $"Draws the faces, trains the autoencoder for three fifths of the time and each of the {EmbeddedRecogniser.AllNames.Count} "
                + "recognisers for an equal part of the rest, and measures the recognisers on people whom none was trained on. "
                + "Drawing and measuring take a few minutes besides, and the faces 1.2 GB on the disk.",
            $"{RecipeRun.WeightsFolder} in the folder then holds what --weights of other commands takes, with the logs of the trainings; "
                + $"{RocPlot.FileName} shows the recognisers.",
            "Ctrl-C stops with a checkpoint, and the same command goes on.",
        ];
        Examples = [new("All of it, in about three hours on one core", "costate train all --output trained") { TakesLong = true }];
        AddAll([output, minutes, threads, .. recording.All]);

        SetAction(Run);
    }

    internal override string? KeptIn(ParseResult parsed) => parsed.GetValue(output);

    private int Run(ParseResult parsed)
    {
        double time = parsed.GetValue(minutes) ?? DefaultMinutes;
        int used = parsed.GetValue(threads) ?? 1;
        string folder = Path.GetFullPath(parsed.GetValue(output)!);
        using var line = new StageLine(Terminal);
        var run = new RecipeRun(TrainingRecipe.Embedded(time), folder, used, string.Join(' ', parsed.Tokens), line);
        return GoOn(recording.Of(parsed, new RunSettings(run.Weights, used)), () =>
        {
            RecogniserEvaluation evaluation = run.Run(Cancellation);
            line.Dispose();
            RocPlot.Write(folder, evaluation);
            IEnumerable<string> files = Directory.EnumerateFiles(run.Weights).Select(file => Path.GetFileName(file));
            var outcome = new Outcome("", ReportFile: null, to => to.Write(CalibrationTable.Of(evaluation.Calibration), spaced: true));
            return (outcome, [.. files.Order(StringComparer.Ordinal)]);
        });
    }
}
