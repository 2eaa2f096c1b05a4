using System.CommandLine;
using Costate.Cli.Commands.Morph;
using Costate.Cli.Terminals;
using Costate.Experiments.Batches;
using Costate.Experiments.Galleries;
using Costate.Experiments.Pairs;
using Costate.Experiments.Plots;
using Costate.Faces.Drawing;
using Costate.Faces.Machines;
using Costate.Faces.Models;
using Costate.Faces.Morphs;
using Costate.Faces.Names;
using Costate.Faces.Reports;
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
    private readonly Option<string?> weights = CommonOptions.Weights();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly RunOptions common = new(CommonOptions.Output("costate-pairs"));

    internal EvaluatePairsCommand(CommandContext context)
        : base(
            context, "pairs",
            "Finds two drawn people whose blend recognisers refuse and whose morph they accept: how the bundled faces were chosen.")
    {
        Notes =
        [
            "Drawn people who wear their hair alike, and neither glasses nor a beard or moustache, are blended in pairs. "
                + $"Those whose blend no judge takes for both, and whose loss falls in each of the first {PairSearch.Falling} iterations, "
                + "are optimised as costate morph does it, whose options this command has. A pair is a good example if every recogniser "
                + "takes its morph for both and the morph's semantic code has no glasses, beard or moustache, "
                + "told by linear functions that are fitted to drawn faces. The one with the lowest loss is chosen.",
            $"Files: {PairSearchFiles.Sheet} (A, blend, morph and B of each pair that was optimised), {PairSearchFiles.Report}, and "
                + $"{PairSearchFiles.A} and {PairSearchFiles.B}, the chosen pair, if there is one; {Gallery.FileName} is a page with all "
                + "of it.",
        ];
        Examples =
        [
            new("How the bundled faces were chosen", "costate evaluate pairs") { TakesLong = true },
            new("A quick look", "costate evaluate pairs --people 20 --tries 2 --encode-steps 10 --steps 5 --iterations 5"),
        ];
        AddAll([people, identity, tries, .. options.All, weights, device, .. common.All]);

        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        MorphSettings settings = options.Parse(parsed);
        int count = parsed.GetValue(people);
        ulong first = parsed.GetValue(identity) ?? DefaultIdentity;
        UsageException.ThrowIf(
            first > ulong.MaxValue - (ulong)count,
            $"Got --identity {first} with --people {count}, which runs past the last seed; expected a smaller one.");

        Device on = ComputeDevice.Named(parsed.GetValue(device)!);
        return Produce(common.Of(parsed), PairSearchFiles.All, folder =>
        {
            using FaceModel model = Context.LoadFaces(parsed.GetValue(weights), on);
            using var line = new StageLine(Terminal);
            (PairSearchReport report, IReadOnlyList<CaptionedPicture> pictures) =
                new PairSearch(model, settings, line).Run(count, first, parsed.GetValue(tries), Cancellation);
            report = PairSearchFiles.Write(folder, report, pictures, model.Side);
            return new Outcome(JsonReport.Text(report), PairSearchFiles.Report, to => Print(to, report)) { HasGallery = true };
        });
    }

    private static void Print(Terminal to, PairSearchReport report)
    {
        to.Write(MorphTables.Of(report));
        to.Output.WriteLine(
            $"{report.People} people, {report.Pairs} pairs alike, {report.RefusedBlends} blends that every judge refuses, "
                + $"the loss of {report.Falling} falls at once, {report.Tried.Count} optimised to the end");
        to.Output.WriteLine(
            report.Chosen is PairFinding found
                ? $"chosen: {found.A} and {found.B}"
                : "none is a good example: give more --people or --tries, or another --identity");
    }
}
