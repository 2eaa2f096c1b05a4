using System.Globalization;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Files;
using Costate.Experiments.Galleries;
using Costate.Faces.Files;
using Costate.Faces.Reports;

namespace Costate.Experiments.Guidance;

/// <summary>The files that sum up a folder of guided faces.</summary>
internal static class GuidanceStudyFiles
{
    internal const string Table = "guidance.csv";
    internal const string Report = "guidance.json";
    internal const string Markdown = "guidance.md";
    internal const string LossPlot = "guidance-loss.png";
    internal const string PsnrPlot = "guidance-psnr.png";
    internal const string SsimPlot = "guidance-ssim.png";
    internal const string Examples = "guidance-examples.png";

    internal static readonly string[] All = [Table, Report, Markdown, LossPlot, PsnrPlot, SsimPlot, Examples, Gallery.FileName];

    /// <summary>Writes them all anew.</summary>
    /// <exception cref="InvalidDataException">Results are missing, or the folder cannot be written to.</exception>
    internal static GuidanceStudyReport Write(GuidanceStudyFolder folder, EvaluationContents contents)
    {
        IReadOnlyList<GuidanceStudyResult> results = folder.Results(contents);

        GuidanceStudyReport report = GuidanceStudyReport.Of(contents, results);
        using OutputFolder output = OutputFolder.Prepare(folder.FullName, All);
        File.WriteAllLines(output.Stage(Table), Lines(results));
        File.WriteAllText(output.Stage(Report), JsonReport.Text(report) + '\n');
        File.WriteAllLines(output.Stage(Markdown), MarkdownTables.Of(GuidanceStudyTable.Of(report.Methods)));
        File.WriteAllBytes(output.Stage(LossPlot), GuidanceStudyPlots.Loss(report.Methods));
        File.WriteAllBytes(output.Stage(PsnrPlot), GuidanceStudyPlots.Psnr(report.Methods));
        File.WriteAllBytes(output.Stage(SsimPlot), GuidanceStudyPlots.Ssim(report.Methods));
        File.WriteAllBytes(output.Stage(Examples), GuidanceStudyExamples.Of(folder, report.Methods, results));
        Gallery.Stage(output, withFolder: true);
        output.Commit();
        return report;
    }

    private static IEnumerable<string> Lines(IReadOnlyList<GuidanceStudyResult> results)
    {
        yield return
            "face,identity,task,method,budget,steps,iterations,loss,psnr,ssim,identity_similarity,judged_similarity,diverged,"
                + "network_evaluations,vector_jacobian_products,loss_evaluations,seconds";
        foreach (GuidanceStudyResult r in results)
        {
            yield return string.Join(',', (string[])
            [
                Text(r.Face),
                r.Identity.ToString(CultureInfo.InvariantCulture),
                r.Task,
                r.Name,
                Text(r.Budget),
                Text(r.Steps),
                Text(r.Iterations),
                Text(r.Quality.Loss),
                Text(r.Quality.Psnr),
                Text(r.Quality.Ssim),
                Text(r.Quality.IdentitySimilarity),
                Text(r.JudgedSimilarity),
                r.Quality.Diverged ?? "",
                Text(r.NetworkEvaluations), Text(r.VectorJacobianProducts), Text(r.LossEvaluations), Text(r.Seconds),
            ]);
        }
    }

    private static string Text(double? value) => value?.ToString("G7", CultureInfo.InvariantCulture) ?? "";
}
