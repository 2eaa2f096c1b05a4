using System.CommandLine;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Terminals;
using Costate.Experiments.Gradients;
using Costate.Faces.Files;
using Spectre.Console;

namespace Costate.Cli.Commands.Study;

/// <summary><c>costate study</c>: how accurate the gradient methods are, on a problem whose gradient is known.</summary>
internal sealed class StudyCommand : DocumentedCommand
{
    internal const string ReportFile = "study.json";

    private readonly Terminal terminal;
    private readonly CancellationToken cancellationToken;
    private readonly StudyOptions options = new();

    [SetsRequiredMembers]
    internal StudyCommand(Terminal terminal, CancellationToken cancellationToken)
        : base("study", "Measures the error and the cost of every gradient method on a problem whose exact gradient is known.")
    {
        (this.terminal, this.cancellationToken) = (terminal, cancellationToken);
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
        using OutputFolder folder = OutputFolder.Prepare(
            options.OutputOf(parsed),
            ReportFile,
            GradientStudyPlots.ErrorFile,
            GradientStudyPlots.BytesFile);
        using var torchThreads = new TorchThreads(options.ThreadsOf(parsed));

        long began = Stopwatch.GetTimestamp();
        IReadOnlyList<GradientMeasurement> measurements;
        using (var progress = new ProgressLine(terminal, "study", total: 1))
        {
            measurements = GradientStudy.Run(steps, progress.Report, cancellationToken);
        }

        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        File.WriteAllBytes(folder.Stage(GradientStudyPlots.ErrorFile), GradientStudyPlots.GradientError(measurements));
        File.WriteAllBytes(folder.Stage(GradientStudyPlots.BytesFile), GradientStudyPlots.StoredBytes(measurements, steps));
        string report = GradientStudyReport.Text(
            measurements,
            steps,
            TorchThreads.Count,
            seconds,
            [GradientStudyPlots.ErrorFile, GradientStudyPlots.BytesFile, ReportFile]);
        File.WriteAllText(folder.Stage(ReportFile), report + '\n');
        cancellationToken.ThrowIfCancellationRequested();
        folder.Commit();

        if (options.IsJson(parsed))
        {
            terminal.Output.WriteLine(report);
            return ExitCode.Done;
        }

        foreach (Table table in GradientStudyTables.Of(measurements, steps, terminal.Width))
        {
            terminal.Write(table);
            terminal.Output.WriteLine();
        }

        terminal.Output.WriteLine($"{folder.FullName}: {string.Join(", ", folder.Files)} ({seconds:0.0} s)");
        return ExitCode.Done;
    }
}
