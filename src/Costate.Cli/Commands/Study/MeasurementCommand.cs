using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments;
using Costate.Experiments.Evaluation;
using Costate.Faces.Files;

namespace Costate.Cli.Commands.Study;

/// <summary>
/// A study whose measurements are kept one by one, in a folder of its name, so that the same command goes on with the rest.
/// </summary>
internal sealed class MeasurementCommand : ComputingCommand
{
    private readonly StudyOptions options;
    private readonly MeasuredStudy study;

    internal MeasurementCommand(CommandContext context, StudyOptions options, MeasuredStudy study)
        : base(context, study.Name, study.Description)
    {
        (this.options, this.study) = (options, study);
        Notes =
        [
            .. study.Notes,
            $"Files, in a folder {Name} of the output: {string.Join(", ", study.Files)}, and a file for each measurement, written as it is "
                + "made: the same command goes on where an earlier run ended.",
        ];
        Examples =
        [
            new(study.Purposes.Whole, $"costate study {Name}") { TakesLong = true },
            new(study.Purposes.Quick, $"costate study {Name} --quick"),
        ];
        SetAction(Run);
    }

    internal override string? KeptIn(ParseResult parsed) => FolderOf(parsed);

    private string FolderOf(ParseResult parsed) => Path.Combine(options.Of(parsed).Output, Name);

    private int Run(ParseResult parsed)
    {
        OutputFolder.RefuseFile(options.Of(parsed).Output);
        string to = FolderOf(parsed);
        return GoOn(options.Of(parsed) with { Output = to }, () =>
        {
            using FolderLock held = Take(parsed, to);
            using var line = new ProgressLine(Terminal, Name, total: 1);
            StudyOutcome found = study.Run(new MeasurementFolder(to, Name), options.IsQuick(parsed), line.Report, Cancellation);
            return (StudyOptions.Outcome(found, file: null), study.Files);
        });
    }
}
