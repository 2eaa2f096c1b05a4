using Costate.Experiments.Galleries;
using Costate.Faces.Files;
using Costate.Faces.Models;
using Costate.Faces.Pictures;
using Costate.Faces.Reports;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Experiments.Generation;

/// <summary>The files of a study of what pictures show of their prompts.</summary>
internal static class GenerationFiles
{
    internal const string ReportFile = "generation.json";
    internal const string PlotFile = "generation.png";
    internal const string SheetFile = "generation-examples.png";

    /// <summary>All of them, with the page of them.</summary>
    internal static IReadOnlyList<string> All { get; } = [SheetFile, PlotFile, ReportFile, Gallery.FileName];

    /// <summary>Measures, and leaves plot and sheet in the folder to be committed.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="pipeline">The text-to-image model.</param>
    /// <param name="embedded">Judges, and the recogniser whose features count.</param>
    /// <param name="prompts">How many prompts, at least 2.</param>
    /// <param name="steps">Steps of the model's scheduler.</param>
    /// <param name="guidanceScales">Scales of classifier-free guidance.</param>
    /// <param name="progress">Told the fraction done.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <returns>The report, and its table.</returns>
    internal static (string Report, ResultTable Table) Write(
        OutputFolder folder,
        DiffusionPipeline pipeline,
        EmbeddedModel embedded,
        int prompts,
        int steps,
        IReadOnlyList<double> guidanceScales,
        Action<double> progress,
        CancellationToken cancellationToken)
    {
        var study = new GenerationStudy(pipeline, embedded, prompts, steps);
        IReadOnlyList<GenerationResult> results = study.Run(guidanceScales, progress, cancellationToken);
        using Tensor shown = cat(study.Shown, 0);
        ContactSheet.WriteFile(folder.Stage(SheetFile), shown, (int)study.Shown[0].shape[0]);
        study.Shown.ForEach(row => row.Dispose());
        File.WriteAllBytes(folder.Stage(PlotFile), GenerationPlot.Png(results));
        string report = JsonReport.Text(new
        {
            Command = "evaluate generation",
            Version = ToolVersion.Version,
            Prompts = prompts,
            FirstIdentity = GenerationStudy.FirstIdentity,
            Steps = steps,
            Results = results,
        });
        return (report, GenerationTable.Of(results));
    }
}
