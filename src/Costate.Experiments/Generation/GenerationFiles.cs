using Costate.Experiments.Evaluation;
using Costate.Experiments.Files;
using Costate.Experiments.Galleries;
using Costate.Faces.Files;
using Costate.Faces.Recognition;
using Costate.Faces.Reports;

namespace Costate.Experiments.Generation;

/// <summary>The files that sum up a folder of pictures of prompts.</summary>
internal static class GenerationFiles
{
    internal const string Table = "generation.csv";
    internal const string Report = "generation.json";
    internal const string Markdown = "generation.md";
    internal const string Plot = "generation.png";
    internal const string Examples = "generation-examples.png";

    internal static readonly string[] All = [Table, Report, Markdown, Plot, Examples, Gallery.FileName];

    /// <summary>Writes them all anew.</summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="contents">What the folder is for.</param>
    /// <param name="recogniser">Whose features distances are of.</param>
    /// <exception cref="InvalidDataException">Results are missing, or the folder cannot be written to.</exception>
    internal static GenerationReport Write(GenerationFolder folder, EvaluationContents contents, FaceRecogniser recogniser)
    {
        IReadOnlyList<GeneratedPicture> pictures = folder.Results(contents);

        GenerationReport report = GenerationReport.Of(folder, contents, pictures, recogniser);
        using OutputFolder output = OutputFolder.Prepare(folder.FullName, All);
        File.WriteAllLines(output.Stage(Table), Lines(pictures));
        File.WriteAllText(output.Stage(Report), JsonReport.Text(report) + '\n');
        File.WriteAllLines(output.Stage(Markdown), MarkdownTables.Of([GenerationTable.Of(report.Results)]));
        File.WriteAllBytes(output.Stage(Plot), GenerationPlot.Png(report.Results));
        File.WriteAllBytes(output.Stage(Examples), GenerationExamples.Sheet(folder, pictures));
        Gallery.Stage(output, withFolder: true);
        output.Commit();
        return report;
    }

    // Names of attributes and what they may be have no comma; captions have.
    private static IEnumerable<string> Lines(IReadOnlyList<GeneratedPicture> pictures)
    {
        yield return "prompt,identity,source,guidance_scale,attribute,mentioned,seen,seconds";
        foreach (GeneratedPicture p in pictures)
        {
            foreach ((string attribute, string value) in p.Mentioned)
            {
                yield return FormattableString.Invariant(
                    $"{p.Prompt},{p.Identity},{p.Method},{p.GuidanceScale},{attribute},{value},{p.Seen.GetValueOrDefault(attribute)},")
                    + FormattableString.Invariant($"{p.Seconds:R}");
            }
        }
    }
}
