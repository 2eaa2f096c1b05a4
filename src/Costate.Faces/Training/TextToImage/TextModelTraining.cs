using Costate.Faces.Files;

namespace Costate.Faces.Training.TextToImage;

/// <summary>
/// Trains one part of a text-to-image model after the other, each in a folder of its own. What others are built on is left alone once it
/// is trained; what was stopped is gone on with.
/// </summary>
/// <param name="recipe">What is trained.</param>
/// <param name="folder">Where.</param>
/// <param name="threads">That draw faces.</param>
/// <param name="from">
/// The folder of a model of the same recipe: its codec and its CLIP pair are taken over, and its U-Net is gone on with at the step that it
/// was at, or its pair where that alone is trained; null to begin with random weights.
/// </param>
internal sealed class TextModelTraining(TextModelRecipe recipe, string folder, int threads, string? from = null)
{
    internal const string ModelFolder = "model";

    private readonly TextModelFolder? first = from is null ? null : new TextModelFolder(from);

    /// <summary>The model, in Stable Diffusion's layout.</summary>
    internal TextModelFolder Model { get; } = new(Path.Combine(folder, ModelFolder));

    /// <summary>Trains to the end of all budgets.</summary>
    /// <param name="only">The name of the one part to train; null for all.</param>
    /// <param name="holder">What takes the folder, to be named to others who want it.</param>
    /// <param name="progress">Told of each part.</param>
    /// <param name="cancellationToken">Stops with a checkpoint, which the same run goes on from.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="InvalidDataException">The folder is of another training, or a part that is built on is missing.</exception>
    internal void Run(string? only, string holder, IProgress<StageProgress>? progress, CancellationToken cancellationToken)
    {
        first?.RequireTrained();

        // What all parts share is made by one run at a time.
        using (FolderLock.Take(folder, holder))
        {
            Model.Prepare();
            first?.CopyTrained(Model, TextModelFolder.CodecFile);
            if (only != TextModelRecipe.PairName)
            {
                first?.CopyTrained(Model, TextModelFolder.ImageFile, TextModelFolder.TextFile);
            }
        }

        IReadOnlyList<TrainingPart> parts = recipe.Parts(Model, folder, first, progress, cancellationToken);
        foreach (TrainingPart part in parts.Where(p => only is null || p.Name == only))
        {
            if (part == parts[^1] || !(part.IsDone?.Invoke() ?? Model.Has(part.WeightsFile)))
            {
                using FolderLock held = FolderLock.Take(FolderOf(part), holder);
                Training(part).Run(threads, progress, cancellationToken);
            }
        }
    }

    /// <summary>Whether each part learnt, once all are trained.</summary>
    internal IReadOnlyList<LearningCheck> Checks() =>
    [
        .. recipe.Parts(Model, folder, from: null, progress: null, default)
            .Select(part => LearningCheck.Of(part, Path.Combine(FolderOf(part), TrainingRun.LogFile))),
    ];

    private string FolderOf(TrainingPart part) => Path.Combine(folder, part.Name);

    private NetworkTraining Training(TrainingPart part) => new()
    {
        Name = part.Name,
        Folder = FolderOf(part),
        FacesFile = Path.Combine(
            folder, $"faces-{part.Faces.Identities}x{part.Faces.Circumstances}-{part.Faces.Size}.safetensors"),
        Faces = part.Faces,
        Settings = part.Settings,
        Create = part.Create,
    };
}
