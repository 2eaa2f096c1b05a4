using Costate.Experiments.Evaluation;
using Costate.Experiments.Files;
using Costate.Experiments.Galleries;
using Costate.Faces.Files;
using Costate.Faces.Reports;

namespace Costate.Experiments.Editing;

/// <summary>The files that sum up a folder of edited faces.</summary>
internal static class EditingFiles
{
    internal const string Table = "editing.csv";
    internal const string Report = "editing.json";
    internal const string Markdown = "editing.md";
    internal const string Plot = "editing.png";
    internal const string Examples = "editing-examples.png";

    internal static readonly string[] All = [Table, Report, Markdown, Plot, Examples, Gallery.FileName];

    /// <summary>Writes them all anew.</summary>
    /// <exception cref="InvalidDataException">Results are missing, or the folder cannot be written to.</exception>
    internal static EditingReport Write(EditingFolder folder, EvaluationContents contents)
    {
        IReadOnlyList<EditingResult> results = folder.Results(contents);

        EditingReport report = EditingReport.Of(contents, results);
        using OutputFolder output = OutputFolder.Prepare(folder.FullName, All);
        File.WriteAllLines(output.Stage(Table), Lines(results));
        File.WriteAllText(output.Stage(Report), JsonReport.Text(report) + '\n');
        File.WriteAllLines(output.Stage(Markdown), MarkdownTables.Of(EditingTable.Of(report.Methods)));
        File.WriteAllBytes(output.Stage(Plot), EditingPlot.Png(report.Methods));
        File.WriteAllBytes(output.Stage(Examples), EditingExamples.Of(folder, results));
        Gallery.Stage(output, withFolder: true);
        output.Commit();
        return report;
    }

    private static IEnumerable<string> Lines(IReadOnlyList<EditingResult> results)
    {
        yield return "face,identity,method,steps,attribute,from,to,latent_error,picture_error,seen,kept,others,outside_error,codec_error,"
            + "identity_similarity,clip_score,network_evaluations,seconds";
        foreach (EditingResult r in results)
        {
            yield return FormattableString.Invariant(
                $"{r.Face},{r.Identity},{r.Name},{r.Steps},{r.Attribute},{r.From},{r.To},{r.LatentError:R},{r.PictureError:R},{r.Seen},")
                + FormattableString.Invariant(
                    $"{r.Kept},{r.Others},{r.OutsideError:R},{r.CodecError:R},{r.IdentitySimilarity:R},{r.ClipScore:R},")
                + FormattableString.Invariant($"{r.NetworkEvaluations},{r.Seconds:R}");
        }
    }
}
