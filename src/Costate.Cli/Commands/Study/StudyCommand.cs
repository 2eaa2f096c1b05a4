using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments.Gradients;

namespace Costate.Cli.Commands.Study;

/// <summary><c>costate study</c>: how accurate the gradient methods are, on a problem whose gradient is known.</summary>
internal sealed class StudyCommand : ComputingCommand
{
    private readonly StudyOptions options = new();

    internal StudyCommand(CommandContext context)
        : base(context, "study", "Measures the error and the cost of every gradient method on a problem whose exact gradient is known.")
    {
        Notes =
        [
            "Without a name, the study of gradient methods. The problem is a mixture of Gaussians with a closed-form noise prediction, "
                + "in float64. Errors are against the gradient of the continuous ODE, which is computed apart from the library.",
            $"--quick takes 10 to 80 steps instead of 10 to 640. Files: {GradientStudyFiles.ReportFile} (all numbers), "
                + $"{GradientStudyPlots.ErrorFile} (error against network evaluations), "
                + $"{GradientStudyPlots.BytesFile} (stored states against steps), "
                + $"{GradientStudyPlots.LookaheadFile} (gradients of lookaheads beside that of the sample).",
        ];
        Examples =
        [
            new("All of it, into ./costate-study", "costate study"),
            new("A look in a few seconds", "costate study --quick --output quick"),
            new("The numbers for another program", "costate study --quick --json"),
        ];
        options.AddTo(this);
        Subcommands.Add(new ReversibilityCommand(context, options));
        foreach (MeasuredStudy study in MeasuredStudy.All)
        {
            Subcommands.Add(new MeasurementCommand(context, options, study));
        }

        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        return Produce(options.Of(parsed), GradientStudyFiles.All, folder =>
        {
            using var line = new ProgressLine(Terminal, "study", total: 1);
            return StudyOptions.Outcome(
                GradientStudyFiles.Write(folder, options.IsQuick(parsed), line.Report, Cancellation), GradientStudyFiles.ReportFile);
        });
    }
}
