using System.CommandLine;
using Costate.Experiments;

namespace Costate.Cli.Commands.Study;

/// <summary>The options of all studies: they may stand before or after the name of a study.</summary>
internal sealed class StudyOptions
{
    private readonly Option<bool> quick = CommonOptions.Flag("--quick", "Fewer steps.");
    private readonly RunOptions common = new(
        CommonOptions.Output("costate-study"), "Threads of torch. One is fastest here: the problems are small. [default: 1]");

    internal void AddTo(Command command)
    {
        foreach (Option option in (Option[])[quick, .. common.All])
        {
            option.Recursive = true;
            command.Options.Add(option);
        }
    }

    internal bool IsQuick(ParseResult parsed) => parsed.GetValue(quick);

    internal RunSettings Of(ParseResult parsed) => common.Of(parsed, threads: 1);

    /// <summary>What a study has found out, whose numbers a file takes.</summary>
    internal static Outcome Outcome(StudyOutcome study, string? file) =>
        new(study.Report, file, to => to.Write(study.Tables(to.Width), spaced: true)) { Remark = $" ({study.Seconds:0.0} s)" };
}
