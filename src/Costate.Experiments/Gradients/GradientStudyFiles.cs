using System.Diagnostics;
using Costate.Faces.Files;
using Costate.Faces.Machines;

namespace Costate.Experiments.Gradients;

/// <summary>The study of gradient methods as files.</summary>
internal static class GradientStudyFiles
{
    internal const string ReportFile = "study.json";

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<string> All { get; } =
        [GradientStudyPlots.ErrorFile, GradientStudyPlots.BytesFile, GradientStudyPlots.LookaheadFile, ReportFile];

    /// <summary>Measures, and writes the pictures into a folder.</summary>
    /// <param name="folder">Where to; it is left to be committed.</param>
    /// <param name="quick">Whether to leave out the long runs.</param>
    /// <param name="progress">Told the fraction done.</param>
    /// <param name="cancellationToken">Looked at before each measurement.</param>
    internal static StudyOutcome Write(OutputFolder folder, bool quick, Action<double> progress, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        IReadOnlyList<int> steps = quick ? GradientStudy.QuickSteps : GradientStudy.AllSteps;
        IReadOnlyList<GradientMeasurement> measurements = GradientStudy.Run(steps, progress, cancellationToken);
        IReadOnlyList<LookaheadPoint> lookaheads = LookaheadStudy.Run(cancellationToken);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        File.WriteAllBytes(folder.Stage(GradientStudyPlots.ErrorFile), GradientStudyPlots.GradientError(measurements));
        File.WriteAllBytes(folder.Stage(GradientStudyPlots.BytesFile), GradientStudyPlots.StoredBytes(measurements, steps));
        File.WriteAllBytes(folder.Stage(GradientStudyPlots.LookaheadFile), GradientStudyPlots.Lookahead(lookaheads));
        string report = GradientStudyReport.Text(measurements, lookaheads, steps, TorchThreads.Count, seconds, All);
        return new StudyOutcome(
            report, seconds, width => [.. GradientStudyTables.Of(measurements, steps, width), GradientStudyTables.Lookahead(lookaheads)]);
    }
}
