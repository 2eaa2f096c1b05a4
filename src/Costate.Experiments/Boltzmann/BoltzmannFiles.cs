using System.Diagnostics;
using Costate.Experiments.Evaluation;
using Costate.Faces.Files;
using Costate.Faces.Machines;
using Costate.Faces.Reports;

namespace Costate.Experiments.Boltzmann;

/// <summary>All that was found out of a system.</summary>
internal sealed record BoltzmannResult
{
    public required string Label { get; init; }

    /// <summary>By other means than flows and chains; null where it is not known.</summary>
    public required double? LogZ { get; init; }

    public required ChainsPoint Chains { get; init; }

    public required FlowPoint Flow { get; init; }

    public required IReadOnlyList<BoltzmannPoint> Points { get; init; }
}

/// <summary>The study of physical systems as files.</summary>
internal static class BoltzmannFiles
{
    internal const string Study = "boltzmann";
    internal const string ReportFile = "boltzmann.json";

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<string> All { get; } = [BoltzmannPlots.WeightsFile, ReportFile];

    /// <summary>Measures what is missing in a folder, and writes the files into it.</summary>
    /// <param name="folder">Where measurements are kept.</param>
    /// <param name="quick">Whether to take the smallest system alone, and a poor flow of it.</param>
    /// <param name="progress">Told the fraction done.</param>
    /// <param name="cancellationToken">Looked at before each step of a training, and each network evaluation.</param>
    internal static StudyOutcome Write(MeasurementFolder folder, bool quick, Action<double> progress, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        folder.Begin(("quick", quick));
        var study = new BoltzmannStudy(folder, quick, cancellationToken);
        double total = study.Systems.Sum(system => 1.2 + study.Samplings(system).Sum(each => each.Work)), done = 0;
        List<BoltzmannResult> results = [];
        foreach (BoltzmannSystem system in study.Systems)
        {
            ChainsPoint chains = Part([study.Chains(system)])[0];
            FlowPoint flow = Part([study.Flow(system)])[0];
            results.Add(new BoltzmannResult
            {
                Label = system.Label,
                LogZ = system.LogZ,
                Chains = chains,
                Flow = flow,
                Points = Part(study.Samples(system, flow)),
            });
        }

        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        string report = JsonReport.Text(new
        {
            Study,
            ToolVersion.Version,
            Threads = TorchThreads.Count,
            Seconds = Math.Round(seconds, 3),
            Distances = "Wasserstein of order 2 between quantiles, to states of chains that have taught nothing",
            Systems = results,
            Published = PublishedWeights.All,
            Files = All,
        });
        using OutputFolder output = OutputFolder.Prepare(folder.FullName, All);
        File.WriteAllBytes(output.Stage(BoltzmannPlots.WeightsFile), BoltzmannPlots.Weights(results));
        File.WriteAllText(output.Stage(ReportFile), report + '\n');
        output.Commit();
        return new StudyOutcome(report, seconds, _ => BoltzmannTables.Of(results));

        IReadOnlyList<T> Part<T>(IReadOnlyList<PlannedMeasurement<T>> planned)
        {
            double before = done, work = planned.Sum(each => each.Work);
            IReadOnlyList<T> taken = folder.Take(planned, share => progress((before + (share * work)) / total), cancellationToken);
            done += work;
            return taken;
        }
    }
}
