using Costate.Faces.Drawing;

namespace Costate.Faces.Training;

/// <summary>The training of one network, on drawn faces that are kept in a file. What is there already is gone on with.</summary>
internal sealed record NetworkTraining
{
    /// <summary>What progress calls it.</summary>
    internal required string Name { get; init; }

    /// <summary>Where it is trained.</summary>
    internal required string Folder { get; init; }

    /// <summary>The file of the faces.</summary>
    internal required string FacesFile { get; init; }

    /// <summary>Which faces, where there is no such file yet.</summary>
    internal required FaceSelection Faces { get; init; }

    internal required TrainingSettings Settings { get; init; }

    /// <summary>Makes what is trained.</summary>
    internal required Func<FaceData, TrainingSettings, TrainingTask> Create { get; init; }

    /// <summary>Trains to the end of the budget, and returns the name of the file of weights in the folder.</summary>
    /// <param name="threads">That draw.</param>
    /// <param name="progress">Told of the drawing and of the steps.</param>
    /// <param name="cancellationToken">Looked at between faces and between steps.</param>
    /// <exception cref="OperationCanceledException">It was cancelled; the folder has a checkpoint to go on from.</exception>
    /// <exception cref="InvalidDataException">The files of an earlier run are of another training.</exception>
    internal string Run(int threads, IProgress<StageProgress>? progress, CancellationToken cancellationToken)
    {
        var drawing = new Listener<double>(share => progress?.Report(new StageProgress("drawing faces", share)));
        using var faces = FaceData.Open(FacesFile, Faces, threads, drawing, cancellationToken);
        using TrainingTask task = Create(faces, Settings);
        var steps = new Listener<TrainingProgress>(value => progress?.Report(value.As(Name)));
        return new TrainingRun(task, Settings, Folder, steps).Run(cancellationToken)
            ?? throw new OperationCanceledException(cancellationToken);
    }
}
