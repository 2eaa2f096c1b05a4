using System.Diagnostics;
using Costate.Experiments.Pairs;
using Costate.Faces.Files;
using Costate.Faces.Morphs;
using Costate.Faces.Pictures;
using Costate.Faces.Reports;

namespace Costate.Experiments.Batches;

/// <summary>What <c>result.json</c> says of a morph.</summary>
internal sealed record MorphReport
{
    internal const string MorphFile = "morph.png";
    internal const string StripFile = "strip.png";
    internal const string LossFile = "loss.png";
    internal const string FileName = "result.json";

    internal static readonly string[] AllFiles = [MorphFile, StripFile, LossFile, FileName];

    public string Command => "morph";

    public string Version => ToolVersion.Version;

    public required IReadOnlyDictionary<string, Setting> Settings { get; init; }

    public required ulong Seed { get; init; }

    public required MorphPicture A { get; init; }

    public required MorphPicture B { get; init; }

    /// <summary>Whether every judge takes the morph for A and for B.</summary>
    public required bool Accepted { get; init; }

    public required IReadOnlyList<MorphSimilarity> Recognisers { get; init; }

    /// <summary>What the morph would have been without the optimisation.</summary>
    public required MorphBlend Blend { get; init; }

    public required IReadOnlyList<double> Losses { get; init; }

    public required int BestIteration { get; init; }

    public required MorphCost Cost { get; init; }

    /// <summary>The most memory that the process has held so far.</summary>
    public required long PeakMemoryBytes { get; init; }

    public IReadOnlyList<string> Files => AllFiles;

    /// <summary>In three lines.</summary>
    internal string Summary() =>
        $"the blend alone: loss {Blend.Loss:0.0000}, {MorphStrip.Verdict(Blend.Accepted)}\n"
            + $"the morph: loss {Losses[BestIteration]:0.0000}, {MorphStrip.Verdict(Accepted)}\n"
            + $"{Cost.NetworkEvaluations} network evaluations, {Cost.Seconds:0.0} s, {PeakMemoryBytes / 1e9:0.00} GB";

    /// <summary>Writes all files of a morph into a folder, which is left to be committed.</summary>
    /// <returns>The report.</returns>
    internal static MorphReport Write(
        OutputFolder folder,
        MorphOutcome outcome,
        FacePicture a,
        FacePicture b,
        IReadOnlyDictionary<string, Setting> settings,
        ulong seed)
    {
        File.WriteAllBytes(folder.Stage(MorphFile), PictureFile.Png(outcome.Morph));
        File.WriteAllBytes(folder.Stage(StripFile), MorphStrip.Png(outcome));
        File.WriteAllBytes(folder.Stage(LossFile), MorphPlot.Loss(outcome.Losses, outcome.BestIteration));
        var report = new MorphReport
        {
            Settings = settings,
            Seed = seed,
            A = new MorphPicture(a.Name, a.Sha256),
            B = new MorphPicture(b.Name, b.Sha256),
            Accepted = outcome.Accepted,
            Recognisers = outcome.Similarities,
            Blend = outcome.Blend,
            Losses = outcome.Losses,
            BestIteration = outcome.BestIteration,
            Cost = outcome.Cost with { Seconds = Math.Round(outcome.Cost.Seconds, 3) },
            PeakMemoryBytes = PeakMemory(),
        };
        File.WriteAllText(folder.Stage(FileName), JsonReport.Text(report) + '\n');
        return report;
    }

    private static long PeakMemory()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
