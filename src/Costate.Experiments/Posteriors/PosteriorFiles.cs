using System.Diagnostics;
using Costate.Experiments.Evaluation;
using Costate.Faces.Files;
using Costate.Faces.Machines;
using Costate.Faces.Reports;

namespace Costate.Experiments.Posteriors;

/// <summary>The study of posteriors as files.</summary>
internal static class PosteriorFiles
{
    internal const string Study = "posterior";
    internal const string ReportFile = "posterior.json";

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<string> All { get; } = [PosteriorPlots.ParticlesFile, ReportFile];

    /// <summary>Measures what is missing in a folder, and writes the files into it.</summary>
    /// <param name="folder">Where measurements are kept.</param>
    /// <param name="quick">Whether to take one problem and few samples.</param>
    /// <param name="progress">Told the fraction done.</param>
    /// <param name="cancellationToken">Looked at before each measurement.</param>
    internal static StudyOutcome Write(MeasurementFolder folder, bool quick, Action<double> progress, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        var study = new PosteriorStudy(quick);
        folder.Begin(("quick", quick), ("samples", study.Samples), ("steps", study.Steps));
        IReadOnlyList<PosteriorPoint> points = folder.Take(study.Plan(), progress, cancellationToken);
        IReadOnlyList<PosteriorSummary> summaries = PosteriorSummary.Of(points);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        string report = JsonReport.Text(new
        {
            Study,
            ToolVersion.Version,
            Threads = TorchThreads.Count,
            Seconds = Math.Round(seconds, 3),
            study.Samples,
            study.Steps,
            study.Problems,
            Distance = "sliced Wasserstein, root mean square, 128 directions, against exact samples of the posterior",
            Methods = summaries,
            Points = points,
            Files = All,
        });
        using OutputFolder output = OutputFolder.Prepare(folder.FullName, All);
        File.WriteAllBytes(output.Stage(PosteriorPlots.ParticlesFile), PosteriorPlots.Particles(summaries));
        File.WriteAllText(output.Stage(ReportFile), report + '\n');
        output.Commit();
        return new StudyOutcome(report, seconds, _ => PosteriorTable.Of(summaries));
    }
}
