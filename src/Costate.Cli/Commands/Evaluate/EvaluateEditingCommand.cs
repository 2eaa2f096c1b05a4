using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments.Editing;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Sharing;
using Costate.Faces.Files;
using Costate.Faces.Machines;
using Costate.Faces.Models;
using Costate.Faces.Names;
using Costate.Faces.Recognition;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Evaluate;

/// <summary><c>costate evaluate editing</c>: pictures inverted under one text and decoded under another.</summary>
internal sealed class EvaluateEditingCommand : ComputingCommand
{
    private readonly Option<int> faces = CommonOptions.Whole(
        "--faces", 1, Limits.People, "How many held-out people.", EditingSettings.DefaultFaces);
    private readonly Option<string?> methods = CommonOptions.Text(
        "--methods", "LIST", $"Which of {string.Join(",", EditingMethod.All.Select(m => m.Id))}. [default: all]");
    private readonly Option<string> steps = CommonOptions.Text(
        "--steps", "LIST", "Numbers of steps, of inversion and of decoding each.", EditingSettings.DefaultSteps);
    private readonly Option<double?> scale = CommonOptions.Number(
        "--guidance-scale", "S", $"Of classifier-free guidance in inversion. [default: {EditingSettings.DefaultScale}]");
    private readonly Option<double?> editScale = CommonOptions.Number(
        "--edit-scale", "S", $"Of guidance in decoding under the changed text. [default: {EditingSettings.DefaultEditScale}]");
    private readonly Option<string> shard = CommonOptions.Shard("face");
    private readonly Option<int> batch = CommonOptions.Whole("--batch", 1, Limits.Together, "Faces computed together.", 8);
    private readonly Option<string?> model = TextModelFiles.Option();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<string?> weights = CommonOptions.Weights();
    private readonly RunOptions common = new(CommonOptions.ResumableOutput("costate-editing"));

    internal EvaluateEditingCommand(CommandContext context)
        : base(context, "editing", "Compares ways to edit pictures by prompt, by inverting them.")
    {
        Notes =
        [
            "A drawn face is inverted under a text that says what it shows, and decoded under the same text with one attribute changed: "
                + "glasses, beard, smile, hair colour or background. How the face should look then is known, for it can be drawn. Judges "
                + "that no loss has seen look whether the attribute changed and the others stayed; the distance to the truth counts where "
                + "that is as before; identity is the similarity to the face under recognisers.",
            $"Files: {string.Join(", ", EditingFiles.All)}, and for each face a folder with pictures and numbers, written as they are "
                + "found: the same command goes on where an earlier run ended, with settings that must be the same.",
        ];
        Examples =
        [
            new("Half of the whole, on one core of two", "costate evaluate editing --shard 1/2 --threads 1 --output half-1")
            {
                TakesLong = true,
            },
            new("A few methods on a few faces",
                "costate evaluate editing --faces 2 --methods ddim,rex-euler --steps 4 --output few-edits"),
        ];
        AddAll([faces, methods, steps, scale, editScale, shard, batch, model, device, weights, .. common.All]);
        SetAction(Run);
    }

    internal override string? KeptIn(ParseResult parsed) => common.Of(parsed).Output;

    private int Run(ParseResult parsed)
    {
        int count = parsed.GetValue(faces);
        IReadOnlyList<EditingMethod> compared = EditingMethod.Parse(parsed.GetValue(methods));
        IReadOnlyList<int> numbers = NumberList.Wholes("steps", parsed.GetValue(steps)!, Limits.Steps);
        var settings = new EditingSettings(
            parsed.GetValue(scale) ?? EditingSettings.DefaultScale, parsed.GetValue(editScale) ?? EditingSettings.DefaultEditScale);
        Device on = ComputeDevice.Named(parsed.GetValue(device)!);
        Division division = DivisionOf(parsed.GetValue(shard)!);
        string to = common.Of(parsed).Output;
        return GoOn(common.Of(parsed), () =>
        {
            using FolderLock folderLock = Take(parsed, to, division);
            using var embedded = new EmbeddedModel(parsed.GetValue(weights));
            using DiffusionPipeline pipeline = TextModelFiles.Load(
                parsed.GetValue(model), embedded, Terminal, Cancellation, on);
            using var likeness = TextLikeness.Of(pipeline, truncate: true);
            var folder = new EditingFolder(to);
            using var line = new StageLine(Terminal);
            var run = new EditingRun(pipeline, new EditingMeasures(embedded, likeness), settings, folder, line);
            (EvaluationContents contents, WorkItems items) = run.Begin(division, compared, numbers, count);
            using WorkItems held = items;
            run.Run(items, compared, numbers, parsed.GetValue(batch), Cancellation);
            return EvaluationOutcome.Of(items, folder, () => EditingFiles.Write(folder, contents), EditingFiles.All, Cancellation);
        });
    }
}
