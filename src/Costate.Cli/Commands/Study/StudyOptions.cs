using System.CommandLine;
using Costate.Experiments;

namespace Costate.Cli.Commands.Study;

/// <summary>The options of all studies: they may stand before or after the name of a study.</summary>
internal sealed class StudyOptions
{
    private readonly Option<string> output = CommonOptions.Output("costate-study");
    private readonly Option<bool> quick = CommonOptions.Flag("--quick", "Fewer steps.");
    private readonly Option<bool> json = CommonOptions.Json();
    private readonly Option<int?> threads = CommonOptions.Threads(
        "Threads of torch. One is fastest here: the problems are small. [default: 1]");

    internal void AddTo(Command command)
    {
        foreach (Option option in (Option[])[output, quick, json, threads])
        {
            option.Recursive = true;
            command.Options.Add(option);
        }
    }

    internal string OutputOf(ParseResult parsed) => parsed.GetValue(output)!;

    internal bool IsQuick(ParseResult parsed) => parsed.GetValue(quick);

    internal bool IsJson(ParseResult parsed) => parsed.GetValue(json);

    internal int ThreadsOf(ParseResult parsed) => parsed.GetValue(threads) ?? 1;

    /// <summary>What a study has found out, whose numbers a file takes.</summary>
    internal static Outcome Outcome(StudyOutcome study, string? file) =>
        new(study.Report, file, to => to.Write(study.Tables(to.Width), spaced: true)) { Remark = $" ({study.Seconds:0.0} s)" };
}
