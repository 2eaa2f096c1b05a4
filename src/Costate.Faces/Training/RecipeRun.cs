using Costate.Faces.Files;
using Costate.Faces.Recognition;

namespace Costate.Faces.Training;

/// <summary>
/// Trains one part of a recipe after the other, each in a folder of its own, and puts the weights together. What is there already is
/// gone on with.
/// </summary>
/// <param name="recipe">What is trained.</param>
/// <param name="folder">Where.</param>
/// <param name="threads">That draw faces.</param>
/// <param name="holder">What takes the folder, to be named to others who want it.</param>
/// <param name="progress">Told of each part.</param>
internal sealed class RecipeRun(TrainingRecipe recipe, string folder, int threads, string holder, IProgress<StageProgress>? progress)
{
    internal const string WeightsFolder = "Weights";

    private const int MaxLogRows = 200;

    /// <summary>Where the weights come together.</summary>
    internal string Weights { get; } = Path.Combine(folder, WeightsFolder);

    /// <summary>Trains and calibrates.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled, which the same run goes on from.</exception>
    internal RecogniserEvaluation Run(CancellationToken cancellationToken)
    {
        using FolderLock held = FolderLock.Take(folder, holder);
        foreach ((int index, TrainingPart part) in recipe.Parts.Index())
        {
            using FolderLock ofPart = FolderLock.Take(FolderOf(part), holder);
            string title = $"{part.Name} ({index + 1} of {recipe.Parts.Count})";
            progress?.Report(new StageProgress(title, 0, Announcement: title));
            Train(part, cancellationToken);
        }

        return Calibrate(cancellationToken);
    }

    /// <summary>Whether each part learnt, once all are trained.</summary>
    internal IReadOnlyList<LearningCheck> Checks() =>
        [.. recipe.Parts.Select(part => LearningCheck.Of(part, Path.Combine(FolderOf(part), TrainingRun.LogFile)))];

    private string FolderOf(TrainingPart part) => Path.Combine(folder, part.Name);

    private void Train(TrainingPart part, CancellationToken cancellationToken)
    {
        string own = FolderOf(part);
        string glasses = part.Faces.EvenGlasses ? "-glasses" : "";
        var training = new NetworkTraining
        {
            Name = part.Name,
            Folder = own,
            FacesFile = Path.Combine(
                folder, $"faces-{part.Faces.Identities}x{part.Faces.Circumstances}-{part.Faces.Size}{glasses}.safetensors"),
            Faces = part.Faces,
            Settings = part.Settings,
            Create = part.Create,
        };
        string trained = training.Run(threads, progress, cancellationToken);
        using OutputFolder together = OutputFolder.Prepare(Weights, part.WeightsFile, part.LogFile);
        File.Copy(Path.Combine(own, trained), together.Stage(part.WeightsFile));
        File.WriteAllLines(together.Stage(part.LogFile), TrainingLog.Thinned(Path.Combine(own, TrainingRun.LogFile), MaxLogRows));
        together.Commit();
    }

    private RecogniserEvaluation Calibrate(CancellationToken cancellationToken)
    {
        var evaluation = RecogniserEvaluation.Run(
            Weights,
            recipe.CalibrationIdentities,
            recipe.CalibrationPictures,
            share => progress?.Report(new StageProgress("thresholds", share)),
            cancellationToken);
        using OutputFolder thresholds = OutputFolder.Prepare(Weights, Calibration.FileName);
        File.WriteAllText(thresholds.Stage(Calibration.FileName), evaluation.Text);
        thresholds.Commit();
        return evaluation;
    }
}
