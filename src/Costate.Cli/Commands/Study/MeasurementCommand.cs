using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Terminals;
using Costate.Experiments;
using Costate.Experiments.Evaluation;
using Costate.Faces.Files;

namespace Costate.Cli.Commands.Study;

/// <summary>
/// A study whose measurements are kept one by one, in a folder of its name, so that the same command goes on with the rest.
/// </summary>
internal abstract class MeasurementCommand : ComputingCommand
{
    private readonly StudyOptions options;
    private readonly IReadOnlyList<string> files;

    [SetsRequiredMembers]
    private protected MeasurementCommand(
        string name,
        string description,
        IReadOnlyList<string> notes,
        IReadOnlyList<string> files,
        (string Whole, string Quick) purposes,
        Terminal terminal,
        CancellationToken cancellationToken,
        StudyOptions options)
        : base(name, description, terminal, cancellationToken)
    {
        (this.options, this.files) = (options, files);
        Notes =
        [
            .. notes,
            $"Files, in a folder {name} of the output: {string.Join(", ", files)}, and a file for each measurement, written as it is "
                + "made: the same command goes on where an earlier run ended.",
        ];
        Examples =
        [
            new(purposes.Whole, $"costate study {name}") { TakesLong = true },
            new(purposes.Quick, $"costate study {name} --quick"),
        ];
        SetAction(Run);
    }

    internal override string? KeptIn(ParseResult parsed) => FolderOf(parsed);

    /// <summary>Measures what is missing, and writes the files.</summary>
    private protected abstract StudyOutcome Study(MeasurementFolder folder, bool quick, Action<double> progress);

    private string FolderOf(ParseResult parsed) => Path.Combine(options.Of(parsed).Output, Name);

    private int Run(ParseResult parsed)
    {
        OutputFolder.RefuseFile(options.Of(parsed).Output);
        string to = FolderOf(parsed);
        return GoOn(options.Of(parsed) with { Output = to }, () =>
        {
            using FolderLock held = Take(parsed, to);
            using var line = new ProgressLine(Terminal, Name, total: 1);
            StudyOutcome study = Study(new MeasurementFolder(to, Name), options.IsQuick(parsed), line.Report);
            return (StudyOptions.Outcome(study, file: null), files);
        });
    }
}
