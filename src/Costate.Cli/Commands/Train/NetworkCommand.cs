using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Faces.Files;
using Costate.Faces.Training;

namespace Costate.Cli.Commands.Train;

/// <summary>A command that trains one network in a folder.</summary>
internal abstract class NetworkCommand(CommandContext context, string name, string description, TrainingDefaults defaults)
    : ComputingCommand(context, name, description)
{
    /// <summary>How training ends, for the notes.</summary>
    protected const string Ending =
        "Ctrl-C stops with a checkpoint, and the same command goes on. With --steps the same seed and number of threads give the same "
            + "weights; with --minutes they depend on the machine's speed.";

    /// <summary>The options of every training.</summary>
    protected TrainingOptions Shared { get; } = new($"costate-{name}", defaults);

    internal override string? KeptIn(ParseResult parsed) => Shared.FolderOf(parsed);

    /// <summary>Trains what <paramref name="create"/> makes of the faces.</summary>
    protected int Run(ParseResult parsed, Func<FaceData, TrainingSettings, TrainingTask> create)
    {
        TrainingSettings settings = Shared.Settings(parsed);
        RunSettings run = Shared.Run(parsed);
        string folder = run.Output;
        return GoOn(run, () =>
        {
            using FolderLock held = Take(parsed, folder);
            using var line = new StageLine(Terminal);
            string weights = new NetworkTraining
            {
                Name = "training",
                Folder = folder,
                FacesFile = Shared.FileOfFaces(parsed),
                Faces = Shared.Faces(parsed),
                Settings = settings,
                Create = create,
            }.Run(run.Threads!.Value, line, Cancellation);
            return (Outcome.OfFiles, [weights, TrainingRun.LogFile, TrainingRun.ValidationFile]);
        });
    }
}
