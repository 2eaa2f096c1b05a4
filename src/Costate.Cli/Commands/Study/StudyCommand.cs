using System.CommandLine;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Terminals;
using Costate.Experiments.Gradients;

namespace Costate.Cli.Commands.Study;

/// <summary><c>costate study</c>: how accurate the gradient methods are, on a problem whose gradient is known.</summary>
internal sealed class StudyCommand : ComputingCommand
{
    internal const string ReportFile = "study.json";

    private readonly StudyOptions options = new();

    [SetsRequiredMembers]
    internal StudyCommand(Terminal terminal, CancellationToken cancellationToken)
        : base(
            "study",
            "Measures the error and the cost of every gradient method on a problem whose exact gradient is known.",
            terminal,
            cancellationToken)
    {
        Notes =
        [
            "Without a name, the study of gradient methods. The problem is a mixture of Gaussians with a closed-form noise prediction, "
                + "in float64. Errors are against the gradient of the continuous ODE, which is computed apart from the library.",
            $"--quick takes 10 to 80 steps instead of 10 to 640. Files: {ReportFile} (all numbers), {GradientStudyPlots.ErrorFile} (error "
                + $"against network evaluations), {GradientStudyPlots.BytesFile} (stored states against steps).",
        ];
        Examples =
        [
            new("All of it, into ./costate-study", "costate study"),
            new("A look in a few seconds", "costate study --quick --output quick"),
            new("The numbers for another program", "costate study --quick --json"),
        ];
        options.AddTo(this);
        Subcommands.Add(new ReversibilityCommand(terminal, cancellationToken, options));
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        IReadOnlyList<int> steps = options.IsQuick(parsed) ? GradientStudy.QuickSteps : GradientStudy.AllSteps;
        string[] files = [GradientStudyPlots.ErrorFile, GradientStudyPlots.BytesFile, ReportFile];
        return Produce(options.OutputOf(parsed), files, options.ThreadsOf(parsed), options.IsJson(parsed), folder =>
        {
            long began = Stopwatch.GetTimestamp();
            using var line = new ProgressLine(Terminal, "study", total: 1);
            IReadOnlyList<GradientMeasurement> measurements = GradientStudy.Run(steps, line.Report, Cancellation);
            double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            File.WriteAllBytes(folder.Stage(GradientStudyPlots.ErrorFile), GradientStudyPlots.GradientError(measurements));
            File.WriteAllBytes(folder.Stage(GradientStudyPlots.BytesFile), GradientStudyPlots.StoredBytes(measurements, steps));
            string report = GradientStudyReport.Text(measurements, steps, TorchThreads.Count, seconds, files);
            return StudyOptions.Outcome(report, ReportFile, seconds, width => GradientStudyTables.Of(measurements, steps, width));
        });
    }
}
