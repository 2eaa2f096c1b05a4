using System.Diagnostics;
using Costate.Faces.Files;
using Costate.Faces.Machines;

namespace Costate.Experiments.Reversibility;

/// <summary>The study of reversibility as files.</summary>
internal static class ReversibilityFiles
{
    internal const string ReportFile = "reversibility.json";

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<string> All { get; } = [.. ReversibilityPlots.Files, ReportFile];

    /// <summary>Measures, and writes the pictures into a folder.</summary>
    /// <param name="folder">Where to; it is left to be committed.</param>
    /// <param name="unet">The folder of a trained network; a small one with random weights if null.</param>
    /// <param name="weights">Those of the embedded model; those that the tool came with if null.</param>
    /// <param name="quick">Whether to leave out the long runs.</param>
    /// <param name="progress">Told the fraction done.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    internal static StudyOutcome Write(
        OutputFolder folder, string? unet, string? weights, bool quick, Action<double> progress, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        using InversionProblem network = unet is null ? NetworkInversion.Seeded() : NetworkInversion.FromFolder(unet);
        using InversionProblem? face = FaceInversion.Open(weights);
        using InversionProblem mixture = new MixtureInversion();
        IReadOnlyList<InversionProblem> problems = face is null ? [network, mixture] : [network, face, mixture];
        var results = ReversibilityResults.Measure(problems, quick, progress, cancellationToken);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        File.WriteAllBytes(folder.Stage(ReversibilityPlots.InversionFile), ReversibilityPlots.Inversion(results));
        File.WriteAllBytes(folder.Stage(ReversibilityPlots.GradientFile), ReversibilityPlots.Gradient(results));
        File.WriteAllBytes(folder.Stage(ReversibilityPlots.OrderFile), ReversibilityPlots.Order(results));
        string report = ReversibilityReport.Text(results, TorchThreads.Count, seconds, All);
        return new StudyOutcome(report, seconds, width => ReversibilityTables.Of(results, width));
    }
}
