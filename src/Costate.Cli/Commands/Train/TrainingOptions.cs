using System.CommandLine;
using Costate.Faces.Drawing;
using Costate.Faces.Names;
using Costate.Faces.Training;

namespace Costate.Cli.Commands.Train;

/// <summary>The options of every training.</summary>
internal sealed class TrainingOptions
{
    private readonly Option<string> output;
    private readonly Option<double?> minutes = CommonOptions.Minutes("Train so long in all, earlier runs in the same folder included.");
    private readonly Option<int?> steps = CommonOptions.Whole(
        "--steps", 1, Limits.TrainingSteps, "Train so many steps in all, instead of --minutes.");
    private readonly Option<int> batch;
    private readonly Option<int> microBatch;
    private readonly Option<double?> learningRate;
    private readonly Option<ulong?> seed = CommonOptions.Seed(
        "--seed", "S", "Of the first weights and of everything drawn while training.");
    private readonly Option<string?> data = CommonOptions.Text(
        "--data", "FILE",
        $"File of the drawn faces; drawn first where there is none. Trainings may share it. [default: {FaceData.FileName} in --output]");
    private readonly Option<int> identities;
    private readonly Option<int> circumstances;
    private readonly Option<int?> threads = CommonOptions.Threads("Threads of torch and of drawing. [default: 1]");
    private readonly RecordingOptions recording = new();
    private readonly TrainingDefaults defaults;

    internal TrainingOptions(string folder, TrainingDefaults defaults)
    {
        this.defaults = defaults;
        output = CommonOptions.Folder(
            folder, "Folder of the training; created if it is missing. One with a checkpoint is gone on with.");
        batch = CommonOptions.Whole("--batch", 1, Limits.Batch, "Faces of a step.", defaults.Batch);
        microBatch = CommonOptions.Whole(
            "--micro-batch", 1, Limits.Together, "Faces that go through the network at once.", defaults.MicroBatch);
        learningRate = CommonOptions.Number(
            "--learning-rate", "R", v => v > 0, "a number above 0",
            $"The highest; it rises to it at first and falls along a cosine. [default: {defaults.LearningRate}]");
        identities = CommonOptions.Whole(
            "--identities", 2, (int)DrawnFaces.FirstHeldOut, "Identities to draw.", defaults.Faces.Identities);
        circumstances = CommonOptions.Whole(
            "--circumstances", 1, Limits.Batch, "Portraits of each.", defaults.Faces.Circumstances);
    }

    /// <summary>All of them, in the order of the help.</summary>
    internal IReadOnlyList<Option> All =>
    [
        output, minutes, steps, batch, microBatch, learningRate, seed, data, identities, circumstances, threads,
        .. recording.All,
    ];

    /// <summary>Where it trains.</summary>
    internal string FolderOf(ParseResult parsed) => parsed.GetValue(output)!;

    /// <summary>How it trains.</summary>
    /// <exception cref="UsageException">Minutes and steps are given.</exception>
    internal TrainingSettings Settings(ParseResult parsed)
    {
        (double? time, int? count) = (parsed.GetValue(minutes), parsed.GetValue(steps));
        UsageException.ThrowIf(time is not null && count is not null, "Got both --minutes and --steps; give one of them.");

        TrainingDefaults told = defaults with
        {
            Steps = count,
            Minutes = time ?? defaults.Minutes,
            Batch = parsed.GetValue(batch),
            MicroBatch = parsed.GetValue(microBatch),
            LearningRate = parsed.GetValue(learningRate) ?? defaults.LearningRate,
        };
        return told.Settings(parsed.GetValue(seed) ?? 0);
    }

    /// <summary>Which faces to train on.</summary>
    internal FaceSelection Faces(ParseResult parsed) => defaults.Faces with
    {
        Identities = parsed.GetValue(identities),
        Circumstances = parsed.GetValue(circumstances),
    };

    /// <summary>The file of the faces.</summary>
    internal string FileOfFaces(ParseResult parsed) => parsed.GetValue(data) ?? Path.Combine(FolderOf(parsed), FaceData.FileName);

    /// <summary>Where it trains, on how many threads of torch and of drawing, and what is written down.</summary>
    internal RunSettings Run(ParseResult parsed) =>
        recording.Of(parsed, new RunSettings(Path.GetFullPath(FolderOf(parsed)), parsed.GetValue(threads) ?? 1));
}
