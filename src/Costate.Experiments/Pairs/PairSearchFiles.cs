using Costate.Experiments.Galleries;
using Costate.Experiments.Plots;
using Costate.Faces.Files;

namespace Costate.Experiments.Pairs;

/// <summary>The files of a search for pairs.</summary>
internal static class PairSearchFiles
{
    internal const string Report = "pairs.json";
    internal const string Sheet = "pairs.png";
    internal const string A = "a.png";
    internal const string B = "b.png";

    internal static IReadOnlyList<string> All { get; } = [Report, Sheet, A, B, Gallery.FileName];

    /// <summary>Writes the pictures into a folder, which is left to be committed.</summary>
    /// <returns>The report, with the names of all files; it is not written yet.</returns>
    internal static PairSearchReport Write(
        OutputFolder folder, PairSearchReport report, IReadOnlyList<CaptionedPicture> pictures, int side)
    {
        if (pictures.Count > 0)
        {
            File.WriteAllBytes(folder.Stage(Sheet), CaptionedSheet.Png(pictures, columns: 4));
        }

        if (report.Chosen is PairFinding chosen)
        {
            File.WriteAllBytes(folder.Stage(A), PairSearch.Portrait(chosen.A, side));
            File.WriteAllBytes(folder.Stage(B), PairSearch.Portrait(chosen.B, side));
        }

        return report with { Files = [.. folder.Files, Report, Gallery.FileName] };
    }
}
