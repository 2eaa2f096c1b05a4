using Costate.Experiments.Evaluation;
using Costate.Experiments.Galleries;
using Costate.Experiments.Plots;
using Costate.Faces.Files;
using Costate.Faces.Morphs;
using Costate.Faces.Reports;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Pairs;

/// <summary>The files that sum up a search for pairs.</summary>
internal static class PairSearchFiles
{
    internal const string Report = "pairs.json";
    internal const string Sheet = "pairs.png";
    internal const string A = "a.png";
    internal const string B = "b.png";

    /// <summary>All of them; the pictures are there where there is something to see.</summary>
    internal static IReadOnlyList<string> All { get; } = [Report, Sheet, A, B, Gallery.FileName];

    /// <summary>Writes them all anew.</summary>
    /// <exception cref="InvalidDataException">A result is missing, or the folder cannot be written to.</exception>
    internal static PairSearchReport Write(PairSearchFolder folder, EvaluationContents contents)
    {
        IReadOnlyList<SearchedPair> searched = folder.Results();
        Dictionary<(int Pair, string Method), SearchedPair> there = searched.ToDictionary(pair => (pair.Pair, pair.Method));
        folder.RequireComplete(contents, there.Keys.ToHashSet());
        PairSearchPlan plan = PairSearchPlan.Of(folder.FullName, contents.Settings);
        SearchedPair[] tried =
            [.. PairSearchFolder.Promising(searched, plan.Tries).Select(pair => there[(pair, SearchedPair.Morph)])];
        PairSearchReport report = PairSearchReport.Of(contents, plan, searched, tried);
        using DisposeScope scope = NewDisposeScope();
        using OutputFolder output = OutputFolder.Prepare(folder.FullName, All);
        if (tried.Length > 0)
        {
            CaptionedPicture[] pictures = [.. tried.Zip(report.Tried).SelectMany(pair => Row(folder, pair.First, pair.Second))];
            File.WriteAllBytes(output.Stage(Sheet), CaptionedSheet.Png(pictures, columns: 4));
        }

        if (report.Chosen is PairFinding chosen)
        {
            int side = (int)folder.Picture(tried[0].Pair, SearchedPair.Morph).shape[3];
            File.WriteAllBytes(output.Stage(A), PairSearch.Portrait(chosen.A, side));
            File.WriteAllBytes(output.Stage(B), PairSearch.Portrait(chosen.B, side));
        }

        report = report with { Files = [.. output.Files, Report, Gallery.FileName] };
        File.WriteAllText(output.Stage(Report), JsonReport.Text(report) + '\n');
        Gallery.Stage(output, withFolder: true);
        output.Commit();
        return report;
    }

    private static IEnumerable<CaptionedPicture> Row(PairSearchFolder folder, SearchedPair pair, PairFinding finding)
    {
        Tensor morph = folder.Picture(pair.Pair, SearchedPair.Morph)[0];
        int side = (int)morph.shape[2];
        string verdict = finding.Faults.Count == 0 ? "shows it" : string.Join(", ", finding.Faults);
        return
        [
            new(Drawn(pair.A, side), $"{pair.A}", verdict),
            MorphStrip.BlendOf(folder.Picture(pair.Pair, SearchedPair.Beginning)[0], pair.Blend),
            MorphStrip.MorphOf(
                morph, pair.Losses, pair.BestIteration, MorphSimilarity.AcceptedByJudges(pair.Recognisers)),
            new(Drawn(pair.B, side), $"{pair.B}"),
        ];
    }

    private static Tensor Drawn(ulong identity, int side) =>
        FacePicture.Stack([FacePicture.Read($"{identity}", PairSearch.Portrait(identity, side), side)], side)[0];
}
