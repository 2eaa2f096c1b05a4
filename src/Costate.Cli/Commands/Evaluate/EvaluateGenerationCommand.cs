using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Generation;
using Costate.Experiments.Sharing;
using Costate.Faces.Files;
using Costate.Faces.Machines;
using Costate.Faces.Models;
using Costate.Faces.Names;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Evaluate;

/// <summary><c>costate evaluate generation</c>: whether pictures show what their prompts say.</summary>
internal sealed class EvaluateGenerationCommand : ComputingCommand
{
    private readonly Option<int> prompts = CommonOptions.Whole(
        "--prompts", 2, Limits.People, "How many captions of held-out people.", GenerationSettings.DefaultPrompts);
    private readonly Option<string> scales = CommonOptions.Text(
        "--guidance-scales", "LIST", "Scales of classifier-free guidance; 1 is none.", GenerationSettings.DefaultScales);
    private readonly Option<int> steps = CommonOptions.Whole(
        "--steps", 1, Limits.Steps, "Steps of the model's scheduler.", GenerationSettings.DefaultSteps);
    private readonly Option<string> shard = CommonOptions.Shard("prompt");
    private readonly Option<int> batch = CommonOptions.Whole("--batch", 1, Limits.Together, "Pictures computed together.", 8);
    private readonly Option<string?> model = TextModelFiles.Option();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<string?> weights = CommonOptions.Weights();
    private readonly RunOptions common = new(CommonOptions.ResumableOutput("costate-generation"));

    internal EvaluateGenerationCommand(CommandContext context)
        : base(context, "generation", "Measures whether pictures of the text-to-image model show what their prompts say.")
    {
        Notes =
        [
            "Prompts are captions of held-out people. Judges that no loss has seen look for what a prompt mentions; beside it stands how "
                + "they do on the real drawings of these people. Frechet and kernel distances are to drawings of other people, in the "
                + "features of a recogniser that has seen no picture of the model; the floor is that of the real drawings.",
            $"Files: {string.Join(", ", GenerationFiles.All)}, and for each prompt a folder with pictures and what is seen in them, "
                + "written as they are made: the same command goes on where an earlier run ended, with settings that must be the same.",
        ];
        Examples =
        [
            new("All of it", "costate evaluate generation") { TakesLong = true },
            new("A quick look", "costate evaluate generation --prompts 4 --guidance-scales 3 --steps 4"),
        ];
        AddAll([prompts, scales, steps, shard, batch, model, device, weights, .. common.All]);
        SetAction(Run);
    }

    internal override string? KeptIn(ParseResult parsed) => common.Of(parsed).Output;

    private int Run(ParseResult parsed)
    {
        IReadOnlyList<double> wanted = NumberList.Parse("guidance-scales", parsed.GetValue(scales)!);
        var settings = new GenerationSettings(parsed.GetValue(steps));
        Device on = ComputeDevice.Named(parsed.GetValue(device)!);
        Division division = DivisionOf(parsed.GetValue(shard)!);
        string to = common.Of(parsed).Output;
        return GoOn(common.Of(parsed), () =>
        {
            using FolderLock folderLock = Take(parsed, to, division);
            using var embedded = new EmbeddedModel(parsed.GetValue(weights));
            using DiffusionPipeline pipeline = TextModelFiles.Load(parsed.GetValue(model), embedded, Terminal, Cancellation, on);
            var folder = new GenerationFolder(to);
            using var line = new StageLine(Terminal);
            var run = new GenerationRun(pipeline, embedded.Attributes, settings, folder, line);
            (EvaluationContents contents, WorkItems items) = run.Begin(division, wanted, parsed.GetValue(prompts));
            using WorkItems held = items;
            run.Run(items, wanted, parsed.GetValue(batch), Cancellation);
            return EvaluationOutcome.Of(
                items,
                folder,
                () => GenerationFiles.Write(folder, contents, embedded.Pairs.Network),
                GenerationFiles.All,
                Cancellation);
        });
    }
}
