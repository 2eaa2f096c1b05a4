using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments.Galleries;
using Costate.Experiments.Generation;
using Costate.Faces.Models;
using Costate.Faces.Names;
using Costate.Faces.Pictures;
using Costate.Faces.Reports;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Evaluate;

/// <summary><c>costate evaluate generation</c>: whether pictures show what their prompts say.</summary>
internal sealed class EvaluateGenerationCommand : ComputingCommand
{
    internal const string ReportFile = "generation.json";
    internal const string PlotFile = "generation.png";
    internal const string SheetFile = "generation-examples.png";

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
            $"Files: {ReportFile}, {PlotFile}, and {SheetFile} with the first pictures: real drawings, then a row for each scale; "
                + $"{Gallery.FileName} is a page with all of it.",
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
        (int count, int stepCount) = (parsed.GetValue(prompts), parsed.GetValue(steps));
        IReadOnlyList<double> wanted = NumberList.Parse("guidance-scales", parsed.GetValue(scales)!);
        string[] files = [SheetFile, PlotFile, ReportFile, Gallery.FileName];
        return Produce(common.Of(parsed), files, folder =>
        {
            using var embedded = new EmbeddedModel(parsed.GetValue(weights));
            using DiffusionPipeline pipeline = TextModelFiles.Load(parsed.GetValue(model), embedded, Terminal, Cancellation);
            var study = new GenerationStudy(pipeline, embedded, count, stepCount);
            using var line = new ProgressLine(Terminal, "generation", total: 1);
            IReadOnlyList<GenerationResult> results = study.Run(wanted, line.Report, Cancellation);
            Tensor shown = cat(study.Shown, 0);
            ContactSheet.WriteFile(folder.Stage(SheetFile), shown, (int)study.Shown[0].shape[0]);
            study.Shown.ForEach(row => row.Dispose());
            File.WriteAllBytes(folder.Stage(PlotFile), GenerationPlot.Png(results));
            var report = new
            {
                Command = "evaluate generation",
                Version = ToolVersion.Version,
                Prompts = count,
                FirstIdentity = GenerationStudy.FirstIdentity,
                Steps = stepCount,
                Results = results,
            };
            return new Outcome(JsonReport.Text(report), ReportFile, to => to.Write(GenerationTable.Of(results), spaced: true))
            {
                HasGallery = true,
            };
        });
    }
}
