using System.CommandLine;
using System.Globalization;
using Costate.Cli.Training;

namespace Costate.Cli.Commands;

/// <summary>The options of every training.</summary>
internal sealed class TrainingOptions
{
    private readonly Option<string> output;
    private readonly Option<double?> minutes = new("--minutes") { Description = "Train so long in all, earlier runs in the same folder included.", HelpName = "M" };
    private readonly Option<int?> steps = CommonOptions.AtLeast("--steps", 1, "Train so many steps in all, instead of --minutes.");
    private readonly Option<int?> batch;
    private readonly Option<int?> microBatch;
    private readonly Option<double?> learningRate;
    private readonly Option<ulong> seed = new("--seed") { Description = "Of the first weights and of everything drawn while training.", HelpName = "S", DefaultValueFactory = _ => 0 };
    private readonly Option<string?> data = new("--data") { Description = $"File of the drawn faces; drawn first where there is none. Trainings may share it. [default: {FaceData.FileName} in --output]", HelpName = "FILE" };
    private readonly Option<int?> identities;
    private readonly Option<int?> circumstances;
    private readonly Option<int?> threads = CommonOptions.Threads("Threads of torch and of drawing. [default: 1]");
    private readonly TrainingDefaults defaults;

    internal TrainingOptions(string folder, TrainingDefaults defaults)
    {
        this.defaults = defaults;
        output = new Option<string>("--output", "-o")
        {
            Description = "Folder of the training; created if it is missing. One with a checkpoint is gone on with.",
            HelpName = "DIR",
            DefaultValueFactory = _ => folder,
        };
        batch = CommonOptions.AtLeast("--batch", 1, $"Faces of a step. [default: {defaults.Batch}]");
        microBatch = CommonOptions.AtLeast("--micro-batch", 1, $"Faces that go through the network at once. [default: {defaults.MicroBatch}]");
        learningRate = new Option<double?>("--learning-rate") { Description = $"The highest; it rises to it at first and falls along a cosine. [default: {defaults.LearningRate.ToString(CultureInfo.InvariantCulture)}]", HelpName = "R" };
        identities = CommonOptions.AtLeast("--identities", 2, $"Identities to draw. [default: {defaults.Identities}]");
        circumstances = CommonOptions.AtLeast("--circumstances", 1, $"Portraits of each. [default: {defaults.Circumstances}]");
    }

    internal void AddTo(Command command)
    {
        foreach (Option option in (Option[])[output, minutes, steps, batch, microBatch, learningRate, seed, data, identities, circumstances, threads])
        {
            command.Options.Add(option);
        }
    }

    internal TrainingSettings Settings(ParseResult parsed)
    {
        (double? time, int? count, double rate) = (parsed.GetValue(minutes), parsed.GetValue(steps), parsed.GetValue(learningRate) ?? defaults.LearningRate);
        if (time is not null && count is not null)
        {
            throw new UsageException("Got both --minutes and --steps; give one of them.");
        }

        if (time is not null and not > 0)
        {
            throw new UsageException($"Got --minutes {time}; expected a positive number.");
        }

        TrainingDefaults told = defaults with
        {
            Steps = count,
            Minutes = time ?? defaults.Minutes,
            Batch = parsed.GetValue(batch) ?? defaults.Batch,
            MicroBatch = parsed.GetValue(microBatch) ?? defaults.MicroBatch,
            LearningRate = rate > 0 && double.IsFinite(rate) ? rate : throw new UsageException($"Got --learning-rate {rate}; expected a positive number."),
        };
        return told.Settings(parsed.GetValue(seed));
    }

    /// <summary>Trains what <paramref name="create"/> makes of the faces.</summary>
    internal int Run(ParseResult parsed, Func<FaceData, TrainingSettings, TrainingTask> create, Terminal terminal, CancellationToken cancellationToken)
    {
        TrainingSettings settings = Settings(parsed);
        int torchThreads = parsed.GetValue(threads) ?? 1;
        using var used = new TorchThreads(torchThreads);
        string folder = Path.GetFullPath(parsed.GetValue(output)!);
        Directory.CreateDirectory(folder);
        using FaceData faces = FaceData.Open(
            parsed.GetValue(data) ?? Path.Combine(folder, FaceData.FileName),
            parsed.GetValue(identities) ?? defaults.Identities,
            parsed.GetValue(circumstances) ?? defaults.Circumstances,
            torchThreads,
            terminal,
            cancellationToken);
        using TrainingTask task = create(faces, settings);
        if (new TrainingRun(task, settings, folder, terminal).Run(cancellationToken) is string weights)
        {
            terminal.Output.WriteLine($"{folder}: {weights}, {TrainingRun.LogFile}, {TrainingRun.ValidationFile}");
            return ExitCode.Done;
        }

        terminal.Error.WriteLine("Stopped. The same command goes on from here.");
        return ExitCode.Cancelled;
    }
}
