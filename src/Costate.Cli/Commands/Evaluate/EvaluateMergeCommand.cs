using System.CommandLine;
using Costate.Cli.Commands.Morph;
using Costate.Experiments.Batches;
using Costate.Experiments.Editing;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Generation;
using Costate.Experiments.Guidance;
using Costate.Experiments.Pairs;
using Costate.Experiments.Recognition;
using Costate.Experiments.Reconstruction;
using Costate.Faces.Files;
using Costate.Faces.Models;

namespace Costate.Cli.Commands.Evaluate;

/// <summary><c>costate evaluate merge</c>: shards to one evaluation.</summary>
internal sealed class EvaluateMergeCommand : ComputingCommand
{
    private readonly Argument<string[]> folders = new("folders")
    {
        HelpName = "DIR",
        Description = "Folders of an evaluation, or of costate morph --batch, one for each shard.",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string> output = CommonOptions.ResumableOutput("costate-merged");
    private readonly Option<bool> json = CommonOptions.Json();

    internal EvaluateMergeCommand(CommandContext context)
        : base(
            context, "merge", "Joins shards of an evaluation, or of costate morph --batch, into one folder and sums them up.")
    {
        Notes =
        [
            "All shards must be of the same settings, methods and items, and complete. Computing can go on in the folder that comes out.",
        ];
        Arguments.Add(folders);
        AddAll(output, json);
        SetAction(Run);
    }

    internal override string? KeptIn(ParseResult parsed) => parsed.GetValue(output);

    private int Run(ParseResult parsed)
    {
        (string[] from, string to) = (parsed.GetValue(folders)!, parsed.GetValue(output)!);
        return GoOn(new RunSettings(to, Json: parsed.GetValue(json)), () =>
        {
            using FolderLock held = Take(parsed, to);
            string? study = EvaluationContents.Of(from[0])?.Study;
            if (study == MorphFolder.StudyName)
            {
                return MorphBatchOutcome.Of(MorphMerge.Run(from, new MorphFolder(to), Cancellation));
            }

            IEvaluationReport report = study switch
            {
                EditingFolder.StudyName => Merged(from, new EditingFolder(to), path => new EditingFolder(path), EditingFiles.Write),
                GenerationFolder.StudyName => Merged(from, new GenerationFolder(to), path => new GenerationFolder(path), Generated),
                ReconstructionFolder.StudyName =>
                    Merged(from, new ReconstructionFolder(to), path => new ReconstructionFolder(path), ReconstructionFiles.Write),
                RecogniserFolder.StudyName =>
                    Merged(from, new RecogniserFolder(to), path => new RecogniserFolder(path), RecogniserFiles.Write),
                PairSearchFolder.StudyName =>
                    Merged(from, new PairSearchFolder(to), path => new PairSearchFolder(path), PairSearchFiles.Write),
                GuidanceStudyFolder.StudyName =>
                    Merged(from, new GuidanceStudyFolder(to), path => new GuidanceStudyFolder(path), GuidanceStudyFiles.Write),
                _ => Merged(from, new EvaluationFolder(to), path => new EvaluationFolder(path), EvaluationFiles.Write),
            };
            return EvaluationOutcome.Of(report);
        });
    }

    private static GenerationReport Generated(GenerationFolder folder, EvaluationContents contents)
    {
        using var embedded = new EmbeddedModel();
        return GenerationFiles.Write(folder, contents, embedded.Pairs.Network);
    }

    private IEvaluationReport Merged<TFolder, TResult>(
        string[] from,
        TFolder output,
        Func<string, ResultFolder<TResult>> open,
        Func<TFolder, EvaluationContents, IEvaluationReport> write)
        where TFolder : ResultFolder<TResult>
        where TResult : IEvaluated => write(output, new EvaluationMerge<TResult>(open).Run(from, output, Cancellation));
}
