using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments.Batches;
using Costate.Experiments.Galleries;
using Costate.Experiments.Sharing;
using Costate.Faces.Files;
using Costate.Faces.Machines;
using Costate.Faces.Models;
using Costate.Faces.Morphs;
using Costate.Faces.Names;
using Costate.Faces.Reports;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Morph;

/// <summary><c>costate morph</c>: one face that recognisers take for both of two.</summary>
internal sealed class MorphCommand : ComputingCommand
{
    private const int DefaultGroup = 8;

    private readonly MorphOptions options = new();
    private readonly Argument<string[]> pictures = new("PICTURES")
    {
        Description =
            "Two faces, PNG, JPEG or WebP of any size: the middle square is taken; - for one is the standard input. "
                + "Without them, two bundled examples.",
        Arity = ArgumentArity.ZeroOrMore,
    };
    private readonly Option<string?> batch = CommonOptions.Text(
        "--batch", "FILE", "A CSV file of many pairs, rows a,b or a,b,name, instead of two pictures. A rerun does only what is missing.");
    private readonly Option<int?> group = CommonOptions.Whole(
        "--group", 1, Limits.Together, $"How many pairs of --batch go through the network together. [default: {DefaultGroup}]");
    private readonly Option<string> shard = CommonOptions.Shard("pair of --batch");
    private readonly Option<string?> weights = CommonOptions.Text(
        "--weights", "DIR", "A folder with your own weights, of the layout of those embedded. [default: those embedded]");
    private readonly Option<string> device = CommonOptions.Device();
    private readonly RunOptions common = new(
        CommonOptions.Output("costate-morph", " With --batch, of each pair."),
        "Threads of torch. One is fastest for one pair. [default: 1, with --batch all cores]");

    internal MorphCommand(CommandContext context)
        : base(context, "morph", "Morphs two faces into one that face recognisers take for both, by gradients through the whole sampler.")
    {
        Notes =
        [
            "Both faces are encoded, blended, and the blend's noise and code are optimised until one recogniser finds the sample near "
                + "both. Others, which it never sees, judge the result. All networks were trained on drawn faces: "
                + "they know people who do not exist, and no others. It is for research on the detection of morphs and on recognisers "
                + "that withstand them; see docs/morphing-ethics.md.",
            NamedMethod.Table(),
            $"Files: {MorphReport.MorphFile}, {MorphReport.StripFile} (A, the blend, the morph on its way, the best, B), "
                + $"{MorphReport.LossFile}, {MorphReport.FileName} (settings, losses, similarities of the morph and of the blend alone, "
                + "cost). With --batch, these for each pair in a folder of its name, or of one from its pictures, "
                + $"and {MorphBatchFiles.Table}, {MorphBatchFiles.Report} and {Gallery.FileName} (a page) for all. Paths in the file of "
                + "pairs are relative to it; "
                + "a row that cannot be done is reported, the others run, and the exit code is 1. What is finished stays, "
                + "and the same command goes on with the rest.",
        ];
        Examples =
        [
            new("Two bundled faces", "costate morph"),
            new("Two of your own, as published: plain descent on AdjointDEIS",
                "costate morph a.png b.png --optimiser descent --learning-rate 0.1 \\\n--method adjoint-deis:1 --output published"),
            new("Many pairs", "costate morph --batch pairs.csv --output morphs --json"),
            new("The SDE, ten steps, L-BFGS", "costate morph a.png b.png --sde --steps 10 --optimiser l-bfgs --iterations 5 --output sde"),
        ];
        Arguments.Add(pictures);
        AddAll([batch, group, shard, .. options.All, weights, device, .. common.All]);

        SetAction(Run);
    }

    internal override string? KeptIn(ParseResult parsed) => parsed.GetValue(batch) is null ? null : common.Of(parsed).Output;

    private int Run(ParseResult parsed)
    {
        MorphSettings settings = options.Parse(parsed);
        string[] given = parsed.GetValue(pictures)!;
        string? pairs = parsed.GetValue(batch);
        UsageException.ThrowIf(
            given.Length is not (0 or 2) || (given.Length > 0 && pairs is not null),
            $"Got {given.Length} picture{(given.Length == 1 ? "" : "s")}{(pairs is null ? "" : " and --batch")}; "
                + "expected two, none for the bundled examples, or --batch with a file of pairs.");

        UsageException.ThrowIf(
            parsed.GetValue(group) is not null && pairs is null,
            "Got --group without --batch; it says how many of its pairs go together.");

        UsageException.ThrowIf(
            parsed.GetResult(shard) is { Implicit: false } && pairs is null,
            "Got --shard without --batch; it divides the pairs among processes.");

        Device on = ComputeDevice.Named(parsed.GetValue(device)!);
        return pairs is null ? RunOne(parsed, settings, given, on) : RunBatch(parsed, settings, PairsFile.Read(pairs), on);
    }

    private int RunOne(ParseResult parsed, MorphSettings settings, string[] given, Device on) =>
        Produce(common.Of(parsed, threads: 1), MorphReport.AllFiles, folder =>
        {
            using FaceModel model = Context.Faces(parsed.GetValue(weights), on);
            (FacePicture a, FacePicture b) = given.Length == 0
                ? ExampleFaces.Read(model.Side)
                : FacePair.Read(NewInputs(), given[0], given[1], model.Side);
            using var line = new ProgressLine(Terminal, "morphing", total: 1);
            MorphOutcome outcome = RunOf(model, settings)
                .Run([(a, b)], (done, loss) => line.ReportLoss(done, loss, digits: 4), Cancellation)[0];
            MorphReport report = MorphReport.Write(folder, outcome, a, b, settings.Describe(model.Model), settings.Seed);
            return new Outcome(JsonReport.Text(report), ReportFile: null, to =>
            {
                to.Write(MorphTables.Of(report));
                to.Write(report.Summary());
            });
        });

    private int RunBatch(ParseResult parsed, MorphSettings settings, IReadOnlyList<PairsRow> pairs, Device on)
    {
        string folder = common.Of(parsed).Output;
        Division division = DivisionOf(parsed.GetValue(shard)!);
        return GoOn(common.Of(parsed), () =>
        {
            using FaceModel model = Context.LoadFaces(parsed.GetValue(weights), on);
            var run = new MorphBatch(
                folder,
                model,
                RunOf(model, settings),
                settings,
                pairs,
                NewInputs(),
                Terminal.Error.WriteLine);
            using FolderLock folderLock = Take(parsed, folder, division);
            using WorkItems items = run.Begin(division);
            using (var line = new ProgressLine(Terminal, "morphing", total: items.Total))
            {
                run.Run(
                    items,
                    parsed.GetValue(group) ?? DefaultGroup,
                    (done, loss) => line.ReportLoss(done * items.Total, loss, digits: 3),
                    Cancellation);
            }

            // Of many processes one sums up; what it has found is then there for all.
            items.Conclude(() => run.Finish(items.Notes, Cancellation), Cancellation);
            return MorphBatchOutcome.Of(new MorphFolder(folder).Summary()!);
        });
    }

    private static MorphRun RunOf(FaceModel model, MorphSettings settings)
    {
        try
        {
            return new MorphRun(model, settings);
        }
        catch (Exception e) when (e is InvalidOperationException or (ArgumentException and not InputException))
        {
            throw new UsageException(FailureText.Of(e));
        }
    }
}
