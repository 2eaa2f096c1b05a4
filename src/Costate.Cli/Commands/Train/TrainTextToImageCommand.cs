using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Faces.Training.TextToImage;

namespace Costate.Cli.Commands.Train;

/// <summary><c>costate train text-to-image</c>: a small latent-diffusion model of drawn faces under their captions.</summary>
internal sealed class TrainTextToImageCommand : ComputingCommand
{
    private static readonly string[] Names =
    [
        TextModelRecipe.CodecName, TextModelRecipe.DecoderName, TextModelRecipe.PairName, TextModelRecipe.UnetName,
    ];

    private readonly Option<string> output = CommonOptions.OutputOfTrainings("costate-text-to-image");
    private readonly Option<double?> minutes = CommonOptions.Minutes(
        "Train so long in all, earlier runs in the same folder included, rather than a set number of steps.");
    private readonly Option<string?> part = CommonOptions.Text(
        "--part", "NAME", $"Train one part alone: {string.Join(", ", Names)}. The last needs the others.");
    private readonly Option<string?> from = CommonOptions.Text(
        "--from",
        "DIR",
        "A model that this command has made: its codec and its CLIP pair are taken over, and its U-Net (with --part clip its pair) is "
            + "gone on with at the step that it was at.");
    private readonly Option<int?> threads = CommonOptions.Threads("Threads of torch and of drawing. [default: 1]");
    private readonly RecordingOptions recording = new();

    internal TrainTextToImageCommand(CommandContext context)
        : base(context, "text-to-image", "Trains a small text-to-image model of drawn faces, in Stable Diffusion's layout.")
    {
        Notes =
        [
            "Draws faces of 128 pixels a side, which take 1.5 GB on the disk, and trains the codec, its decoder once more alone, the CLIP "
                + "pair of a text and an image tower, and the U-Net, each with a log and sheets of samples in a folder of its own.",
            $"{TextModelTraining.ModelFolder} in the folder is the model: what DiffusionPipeline.FromPretrained reads, in 16 bits. While "
                + "the U-Net learns it is written every six minutes, so that the model can be used before it is done.",
            "Ctrl-C stops with a checkpoint, and the same command goes on. What is trained is left alone, but for the U-Net. "
                + "Without --minutes the weights are the same on the same machine with the same number of threads.",
        ];
        Examples = [new("All of it, in about seven hours on one core", "costate train text-to-image --output drawn") { TakesLong = true }];
        part.AcceptOnlyFromAmong(Names);
        AddAll([output, minutes, part, from, threads, .. recording.All]);

        SetAction(Run);
    }

    internal override string? KeptIn(ParseResult parsed) => parsed.GetValue(output);

    private int Run(ParseResult parsed)
    {
        int used = parsed.GetValue(threads) ?? 1;
        string folder = Path.GetFullPath(parsed.GetValue(output)!);
        var training = new TextModelTraining(TextModelRecipe.Embedded(parsed.GetValue(minutes)), folder, used, parsed.GetValue(from));
        using var line = new StageLine(Terminal);
        return GoOn(recording.Of(parsed, new RunSettings(training.Model.FullName, used)), () =>
        {
            training.Run(parsed.GetValue(part), string.Join(' ', parsed.Tokens), line, Cancellation);
            line.Dispose();
            IEnumerable<string> files = Directory.EnumerateFileSystemEntries(training.Model.FullName).Select(f => Path.GetFileName(f));
            return (Outcome.OfFiles, [.. files.Order(StringComparer.Ordinal)]);
        });
    }
}
