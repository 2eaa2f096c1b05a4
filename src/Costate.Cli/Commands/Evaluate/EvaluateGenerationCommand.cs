using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments.Galleries;
using Costate.Experiments.Generation;
using Costate.Faces.Models;
using Costate.Faces.Names;
using Costate.Faces.Reports;
using Costate.Networks;

namespace Costate.Cli.Commands.Evaluate;

/// <summary><c>costate evaluate generation</c>: whether pictures show what their prompts say.</summary>
internal sealed class EvaluateGenerationCommand : ComputingCommand
{
    private const string DefaultScales = "1,2,3,4,6";

    private readonly Option<int> prompts = CommonOptions.Whole(
        "--prompts", 2, Limits.People, "How many captions of held-out people.", 500);
    private readonly Option<string> scales = CommonOptions.Text(
        "--guidance-scales", "LIST", "Scales of classifier-free guidance; 1 is none.", DefaultScales);
    private readonly Option<int> steps = CommonOptions.Whole("--steps", 1, Limits.Steps, "Steps of the model's scheduler.", 20);
    private readonly Option<string?> model = TextModelFiles.Option();
    private readonly Option<string?> weights = CommonOptions.Weights();
    private readonly RunOptions common = new(CommonOptions.Output("costate-generation"));

    internal EvaluateGenerationCommand(CommandContext context)
        : base(context, "generation", "Measures whether pictures of the text-to-image model show what their prompts say.")
    {
        Notes =
        [
            "Prompts are captions of held-out people. Judges that no loss has seen look for what a prompt mentions; beside it stands how "
                + "they do on the real drawings of these people. Frechet and kernel distances are to drawings of other people, in the "
                + "features of a recogniser that has seen no picture of the model; the floor is that of the real drawings.",
            $"Files: {GenerationFiles.ReportFile}, {GenerationFiles.PlotFile}, and {GenerationFiles.SheetFile} with the first pictures: "
                + $"real drawings, then a row for each scale; {Gallery.FileName} is a page with all of it.",
        ];
        Examples =
        [
            new("All of it", "costate evaluate generation") { TakesLong = true },
            new("A quick look", "costate evaluate generation --prompts 4 --guidance-scales 3 --steps 4"),
        ];
        AddAll([prompts, scales, steps, model, weights, .. common.All]);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        IReadOnlyList<double> wanted = NumberList.Parse("guidance-scales", parsed.GetValue(scales)!);
        return Produce(common.Of(parsed), GenerationFiles.All, folder =>
        {
            using var embedded = new EmbeddedModel(parsed.GetValue(weights));
            using DiffusionPipeline pipeline = TextModelFiles.Load(parsed.GetValue(model), embedded, Terminal, Cancellation);
            using var line = new ProgressLine(Terminal, "generation", total: 1);
            (string report, ResultTable table) = GenerationFiles.Write(
                folder, pipeline, embedded, parsed.GetValue(prompts), parsed.GetValue(steps), wanted, line.Report, Cancellation);
            return new Outcome(report, GenerationFiles.ReportFile, to => to.Write(table, spaced: true)) { HasGallery = true };
        });
    }
}
