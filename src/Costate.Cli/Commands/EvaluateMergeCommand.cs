using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Evaluation;

namespace Costate.Cli.Commands;

/// <summary><c>costate evaluate merge</c>: shards to one evaluation.</summary>
internal sealed class EvaluateMergeCommand : DocumentedCommand
{
    private readonly Terminal terminal;
    private readonly CancellationToken cancellationToken;
    private readonly Argument<string[]> folders = new("folders") { HelpName = "DIR", Description = "Folders that costate evaluate morphs has written, one for each shard.", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string> output = CommonOptions.Output("costate-morphs");
    private readonly Option<bool> json = CommonOptions.Json();

    [SetsRequiredMembers]
    internal EvaluateMergeCommand(Terminal terminal, CancellationToken cancellationToken)
        : base("merge", "Joins the shards of costate evaluate morphs into one folder and sums them up.")
    {
        (this.terminal, this.cancellationToken) = (terminal, cancellationToken);
        Notes = ["All shards must be of the same settings, methods and pairs, and complete. Computing can go on in the folder that comes out."];
        Examples = [];
        Arguments.Add(folders);
        Options.Add(output);
        Options.Add(json);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        var folder = new EvaluationFolder(parsed.GetValue(output)!);
        EvaluationContents contents = EvaluationMerge.Run(parsed.GetValue(folders)!, folder, cancellationToken);
        EvaluationOutput.Write(terminal, EvaluationFiles.Write(folder, contents), folder, parsed.GetValue(json));
        return ExitCode.Done;
    }
}
