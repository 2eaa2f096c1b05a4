using System.CommandLine;
using Costate.Cli.Commands.Morph;
using Costate.Cli.Terminals;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Galleries;
using Costate.Experiments.Pairs;
using Costate.Experiments.Sharing;
using Costate.Faces.Drawing;
using Costate.Faces.Files;
using Costate.Faces.Machines;
using Costate.Faces.Models;
using Costate.Faces.Morphs;
using Costate.Faces.Names;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Evaluate;

/// <summary><c>costate evaluate pairs</c>: finds two drawn people whose morph shows what the optimisation is for.</summary>
internal sealed class EvaluatePairsCommand : ComputingCommand
{
    // Their pairs grow with the square.
    private const int MaxPeople = 1000;
    private const ulong DefaultIdentity = DrawnFaces.FirstHeldOut + 700_000;

    private readonly MorphOptions options = new();
    private readonly Option<int> people = CommonOptions.Whole(
        "--people", 2, MaxPeople, $"How many people to draw, at most {MaxPeople}.", 30);
    private readonly Option<ulong?> identity = CommonOptions.Seed(
        "--identity", "SEED", "Identity seed of the first; the others follow.", DefaultIdentity);
    private readonly Option<int> tries = CommonOptions.Whole(
        "--tries", 1, Limits.People, "How many to optimise to the end, those with the lowest losses after the first iterations.", 6);
    private readonly Option<string> shard = CommonOptions.Shard("pair");
    private readonly Option<int> batch = CommonOptions.Whole("--batch", 1, Limits.Together, "Pairs computed together.", 8);
    private readonly Option<string?> weights = CommonOptions.Weights();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly RunOptions common = new(CommonOptions.ResumableOutput("costate-pairs"));

    internal EvaluatePairsCommand(CommandContext context)
        : base(
            context, "pairs",
            "Finds two drawn people whose blend recognisers refuse and whose morph they accept: how the bundled faces were chosen.")
    {
        Notes =
        [
            "Drawn people who wear their hair alike, and neither glasses nor a beard or moustache, are blended in pairs. "
                + $"Those whose blend no judge takes for both, and whose loss falls in each of the first {SearchedPair.Falling} "
                + "iterations, are optimised as costate morph does it, whose options this command has. A pair is a good example if every "
                + "recogniser takes its morph for both and the morph's semantic code has no glasses, beard or moustache, "
                + "told by linear functions that are fitted to drawn faces. The one with the lowest loss is chosen.",
            $"Files: {PairSearchFiles.Sheet} (A, blend, morph and B of each pair that was optimised), {PairSearchFiles.Report}, and "
                + $"{PairSearchFiles.A} and {PairSearchFiles.B}, the chosen pair, if there is one; {Gallery.FileName} is a page with all "
                + "of it. For each pair a folder with its blend and its morph, written as they are found: the same command goes on "
                + "where an earlier run ended, with settings that must be the same.",
            "With --shard K/N each process optimises the most promising of its own pairs, among which are those of all: --tries of them, "
                + "or as many as there are. With --shard dynamic they begin all pairs together, and then optimise --tries together.",
        ];
        Examples =
        [
            new("How the bundled faces were chosen", "costate evaluate pairs") { TakesLong = true },
            new("A quick look", "costate evaluate pairs --people 20 --tries 2 --encode-steps 10 --steps 5 --iterations 5"),
            new(
                "Half of it",
                "costate evaluate pairs --people 20 --tries 2 --encode-steps 10 --steps 5 --iterations 5 \\\n"
                    + "--shard 1/2 --output half-of-the-pairs"),
        ];
        AddAll([people, identity, tries, .. options.All, shard, batch, weights, device, .. common.All]);

        SetAction(Run);
    }

    internal override string? KeptIn(ParseResult parsed) => common.Of(parsed).Output;

    private int Run(ParseResult parsed)
    {
        MorphSettings settings = options.Parse(parsed);
        int count = parsed.GetValue(people);
        ulong first = parsed.GetValue(identity) ?? DefaultIdentity;
        UsageException.ThrowIf(
            first > ulong.MaxValue - (ulong)count,
            $"Got --identity {first} with --people {count}, which runs past the last seed; expected a smaller one.");

        Device on = ComputeDevice.Named(parsed.GetValue(device)!);
        Division division = DivisionOf(parsed.GetValue(shard)!);
        string to = common.Of(parsed).Output;
        return GoOn(common.Of(parsed), () =>
        {
            using FaceModel model = Context.LoadFaces(parsed.GetValue(weights), on);
            using FolderLock folderLock = Take(parsed, to, division);
            var folder = new PairSearchFolder(to);
            using var line = new StageLine(Terminal);
            var search = new PairSearch(model, settings, new PairSearchPlan(count, first, parsed.GetValue(tries)), folder, line);
            (EvaluationContents contents, WorkItems items) = search.Begin(division);
            using WorkItems held = items;
            search.Run(items, parsed.GetValue(batch), Cancellation);
            return EvaluationOutcome.Of(
                items, folder, () => PairSearchFiles.Write(folder, contents), PairSearchFiles.All, Cancellation);
        });
    }
}
