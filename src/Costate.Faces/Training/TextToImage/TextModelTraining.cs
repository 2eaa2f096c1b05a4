using Costate.Faces.Files;

namespace Costate.Faces.Training.TextToImage;

/// <summary>
/// Trains one part of a text-to-image model after the other, each in a folder of its own. What others are built on is left alone once it
/// is trained; what was stopped is gone on with.
/// </summary>
internal sealed class TextModelTraining(TextModelRecipe recipe, string folder, int threads)
{
    internal const string ModelFolder = "model";

    private const string LatentsFile = "latents.safetensors";

    /// <summary>The model, in Stable Diffusion's layout.</summary>
    internal TextModelFolder Model { get; } = new(Path.Combine(folder, ModelFolder));

    /// <summary>Where a part is trained.</summary>
    internal string FolderOf(TrainingPart part) => Path.Combine(folder, part.Name);

    /// <summary>Trains; returns false if it was cancelled, which the same run goes on from.</summary>
    /// <param name="only">The name of the one part to train; null for all.</param>
    /// <param name="holder">Whose run it is, for others that want the folder.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellationToken">Stops with a checkpoint.</param>
    internal bool Run(string? only, string holder, IProgress<StageProgress>? progress, CancellationToken cancellationToken)
    {
        Prepare(holder);
        var work = new Listener<double>(share => progress?.Report(new StageProgress("encoding faces", share)));
        IReadOnlyList<TrainingPart> parts = recipe.Parts(Model, Path.Combine(folder, LatentsFile), work, cancellationToken);
        foreach (TrainingPart part in parts.Where(p => only is null || p.Name == only))
        {
            if (part != parts[^1] && Model.Has(part.WeightsFile))
            {
                continue;
            }

            using FolderLock held = FolderLock.Take(FolderOf(part), holder);
            if (!Train(part, holder, progress, cancellationToken))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether each part has learnt, by its log.</summary>
    internal IReadOnlyList<LearningCheck> Checks() =>
    [
        .. recipe.Parts(Model, latents: "", encoding: null, default)
            .Select(part => LearningCheck.Of(part, Path.Combine(FolderOf(part), TrainingRun.LogFile))),
    ];

    private bool Train(TrainingPart part, string holder, IProgress<StageProgress>? progress, CancellationToken cancellationToken)
    {
        using FaceData faces = Drawn(part, holder, progress, cancellationToken);
        using TrainingTask task = part.Create(faces, part.Settings);
        var listener = new Listener<TrainingProgress>(t => progress?.Report(t.As(part.Name)));
        return new TrainingRun(task, part.Settings, FolderOf(part), listener).Run(cancellationToken) is not null;
    }

    // What all parts share is made by one run at a time.
    private void Prepare(string holder)
    {
        using FolderLock held = FolderLock.Take(folder, holder);
        Model.Prepare();
    }

    private FaceData Drawn(
        TrainingPart part, string holder, IProgress<StageProgress>? progress, CancellationToken cancellationToken)
    {
        using FolderLock held = FolderLock.Take(folder, holder);
        string file = $"faces-{part.Faces.Identities}x{part.Faces.Circumstances}-{part.Faces.Size}.safetensors";
        var listener = new Listener<double>(share => progress?.Report(new StageProgress("drawing faces", share)));
        return FaceData.Open(Path.Combine(folder, file), part.Faces, threads, listener, cancellationToken);
    }
}
