using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments.Recognition;
using Costate.Faces.Files;
using Costate.Faces.Recognition;
using Costate.Faces.Training;

namespace Costate.Cli.Commands.Train;

/// <summary>
/// Trains one part of a recipe after the other, each in a folder of its own, and puts the weights together. What is there already is
/// gone on with.
/// </summary>
internal sealed class RecipeRun(TrainingRecipe recipe, string folder, int threads, Terminal terminal)
{
    internal const string WeightsFolder = "Weights";

    private const int MaxLogRows = 200;

    /// <summary>Where the weights come together.</summary>
    internal string Weights { get; } = Path.Combine(folder, WeightsFolder);

    /// <summary>Where a part is trained.</summary>
    internal string FolderOf(TrainingPart part) => Path.Combine(folder, part.Name);

    /// <summary>Trains and calibrates; returns null if it was cancelled, which the same run goes on from.</summary>
    internal Calibration? Run(ParseResult parsed, CancellationToken cancellationToken)
    {
        using FolderLock held = FolderLock.Take(folder, string.Join(' ', parsed.Tokens));
        foreach ((int index, TrainingPart part) in recipe.Parts.Index())
        {
            using FolderLock ofPart = FolderLock.Take(FolderOf(part), string.Join(' ', parsed.Tokens));
            if (!Train(part, $"{part.Name} ({index + 1} of {recipe.Parts.Count})", cancellationToken))
            {
                return null;
            }
        }

        return Calibrate(cancellationToken);
    }

    private bool Train(TrainingPart part, string title, CancellationToken cancellationToken)
    {
        terminal.Error.WriteLine(title);
        string own = FolderOf(part);
        using FaceData faces = Faces(part, cancellationToken);
        using TrainingTask task = part.Create(faces, part.Settings);
        string? trained;
        using (var line = new TrainingLine(terminal, part.Name))
        {
            trained = new TrainingRun(task, part.Settings, own, line).Run(cancellationToken);
        }

        if (trained is null)
        {
            return false;
        }

        using OutputFolder together = OutputFolder.Prepare(Weights, part.WeightsFile, part.LogFile);
        File.Copy(Path.Combine(own, trained), together.Stage(part.WeightsFile));
        File.WriteAllLines(together.Stage(part.LogFile), TrainingLog.Thinned(Path.Combine(own, TrainingRun.LogFile), MaxLogRows));
        together.Commit();
        return true;
    }

    private FaceData Faces(TrainingPart part, CancellationToken cancellationToken)
    {
        string glasses = part.Faces.EvenGlasses ? "-glasses" : "";
        string file = Path.Combine(
            folder,
            $"faces-{part.Faces.Identities}x{part.Faces.Circumstances}-{part.Faces.Size}{glasses}.safetensors"
        );
        using var line = new ProgressLine(terminal, "drawing faces", total: 1);
        return FaceData.Open(file, part.Faces, threads, line, cancellationToken);
    }

    private Calibration Calibrate(CancellationToken cancellationToken)
    {
        RecogniserEvaluation evaluation;
        using (var line = new ProgressLine(terminal, "thresholds", total: 1))
        {
            evaluation = RecogniserEvaluation.Run(
                Weights,
                recipe.CalibrationIdentities,
                recipe.CalibrationPictures,
                line.Report,
                cancellationToken);
        }

        using OutputFolder thresholds = OutputFolder.Prepare(Weights, Calibration.FileName);
        File.WriteAllText(thresholds.Stage(Calibration.FileName), evaluation.Text);
        thresholds.Commit();
        using OutputFolder plot = OutputFolder.Prepare(folder, RocPlot.FileName);
        File.WriteAllBytes(plot.Stage(RocPlot.FileName), RocPlot.Of(evaluation));
        plot.Commit();
        return evaluation.Calibration;
    }
}
