using System.Diagnostics;
using Costate.Experiments.Evaluation;
using Costate.Faces.Files;
using Costate.Faces.Machines;
using Costate.Faces.Reports;

namespace Costate.Experiments.Densities;

/// <summary>The study of densities as files.</summary>
internal static class DensityFiles
{
    internal const string Study = "density";
    internal const string ReportFile = "density.json";

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<string> All { get; } = [DensityPlots.ErrorFile, DensityPlots.EffectiveFile, ReportFile];

    /// <summary>Measures what is missing in a folder, and writes the files into it.</summary>
    /// <param name="folder">Where measurements are kept.</param>
    /// <param name="quick">Whether to take few samples and steps.</param>
    /// <param name="progress">Told the fraction done.</param>
    /// <param name="cancellationToken">Looked at before each measurement.</param>
    internal static StudyOutcome Write(MeasurementFolder folder, bool quick, Action<double> progress, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        var study = new DensityStudy(quick);
        folder.Begin(("quick", quick), ("samples", study.Samples));

        // The last two take a hundredth of the first.
        IReadOnlyList<DensityPoint> weights = folder.Take(study.Weights(), share => progress(0.9 * share), cancellationToken);
        IReadOnlyList<DensityPoint> paths = folder.Take(study.Paths(), share => progress(0.9 + (0.05 * share)), cancellationToken);
        IReadOnlyList<LikelihoodPoint> likelihoods = folder.Take(
            study.Likelihoods(), share => progress(0.95 + (0.05 * share)), cancellationToken);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        string report = JsonReport.Text(new
        {
            Study,
            ToolVersion.Version,
            Threads = TorchThreads.Count,
            Seconds = Math.Round(seconds, 3),
            study.Samples,
            Problem = "three correlated Gaussians, diffused to time 0.001; starts from the exact law at time 1",
            Weights = weights,
            Paths = paths,
            Likelihoods = likelihoods,
            Files = All,
        });
        using OutputFolder output = OutputFolder.Prepare(folder.FullName, All);
        File.WriteAllBytes(output.Stage(DensityPlots.ErrorFile), DensityPlots.Error(weights));
        File.WriteAllBytes(output.Stage(DensityPlots.EffectiveFile), DensityPlots.Effective(weights));
        File.WriteAllText(output.Stage(ReportFile), report + '\n');
        output.Commit();
        return new StudyOutcome(report, seconds, _ => DensityTables.Of(weights, paths, likelihoods));
    }
}
