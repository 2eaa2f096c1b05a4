using Costate.Experiments.Evaluation;
using Costate.Experiments.Galleries;
using Costate.Faces.Files;
using Costate.Faces.Pictures;
using Costate.Faces.Reports;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Reconstruction;

/// <summary>The files that sum up what came back from the autoencoder.</summary>
internal static class ReconstructionFiles
{
    internal const string Table = "autoencoder.csv";
    internal const string Report = "autoencoder.json";
    internal const string Sheet = "reconstructions.png";

    private const int Columns = 16;

    /// <summary>All of them, with the page of them.</summary>
    internal static readonly string[] All = [Sheet, Report, Table, Gallery.FileName];

    /// <summary>Writes them all anew.</summary>
    /// <exception cref="InvalidDataException">Results are missing, or the folder cannot be written to.</exception>
    internal static ReconstructionReport Write(ReconstructionFolder folder, EvaluationContents contents)
    {
        IReadOnlyList<ReconstructedFace> faces = folder.Results(contents);

        using DisposeScope scope = NewDisposeScope();
        ReconstructionReport report = ReconstructionReport.Of(contents, faces);
        using OutputFolder output = OutputFolder.Prepare(folder.FullName, All);
        File.WriteAllLines(output.Stage(Table), Lines(faces));
        File.WriteAllText(output.Stage(Report), JsonReport.Text(report) + '\n');
        int[] first =
        [
            .. faces.GroupBy(f => f.Face).Where(g => g.Count() == report.Results.Count).Select(g => g.Key).Order().Take(Columns),
        ];
        ContactSheet.WriteFile(
            output.Stage(Sheet),
            cat([.. from source in ReconstructedFace.Sources from face in first select folder.Picture(face, source)], 0),
            first.Length);
        Gallery.Stage(output, withFolder: true);
        output.Commit();
        return report;
    }

    private static IEnumerable<string> Lines(IReadOnlyList<ReconstructedFace> faces)
    {
        yield return $"face,identity,decoded_from,psnr,ssim,{string.Join(',', faces[0].Accepted.Keys)}";
        foreach (ReconstructedFace f in faces)
        {
            yield return FormattableString.Invariant($"{f.Face},{f.Identity},{f.Method},{f.Psnr:R},{f.Ssim:R},")
                + string.Join(',', f.Accepted.Values.Select(accepted => accepted ? "accepted" : "refused"));
        }
    }
}
