using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Sharing;
using Costate.Faces.Files;
using Costate.Faces.Machines;
using Costate.Faces.Models;
using Costate.Faces.Names;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Evaluate;

/// <summary><c>costate evaluate morphs</c>: AdjointDEIS's table, on drawn faces.</summary>
internal sealed class EvaluateMorphsCommand : ComputingCommand
{
    // Their similarities are a matrix.
    private const int MaxCandidates = 10_000;

    private static readonly EvaluationSettings Usual = new();

    private readonly Option<string> study = CommonOptions.Text(
        "--study", "NAME", "Which methods: methods (all, the main table) or tables (AdjointDEIS's tables 4 to 6).",
        EvaluatedMethod.Studies[0].Name);
    private readonly Option<string?> methods = CommonOptions.Text(
        "--methods", "LIST", "Other methods instead, with commas between them; see below.");
    private readonly Option<int?> pairs = CommonOptions.Whole(
        "--pairs", 1, MaxCandidates / 2, "The most similar pairs, so many. [default: 200, of the tables 100]");
    private readonly Option<bool> random = CommonOptions.Flag(
        "--random", "Pairs of people as they come, rather than the most similar ones: morphs of them are harder.");
    private readonly Option<string> shard = CommonOptions.Shard("pair");
    private readonly Option<int> batch = CommonOptions.Whole("--batch", 1, Limits.Together, "Pairs computed together.", 8);
    private readonly Option<double?> rate = CommonOptions.Number(
        "--learning-rate", "R", v => v > 0, "a number above 0", $"Of noise and code. [default: {Usual.LearningRate}]");
    private readonly Option<int> encodingSteps = CommonOptions.Whole(
        "--encode-steps", 1, Limits.Steps, "Steps from the faces to their noise.", Usual.EncodingSteps);
    private readonly Option<int> steps = CommonOptions.Whole(
        "--steps", 2, Limits.Steps, "N, sampling steps of the methods that optimise.", Usual.Steps);
    private readonly Option<int> iterations = CommonOptions.Whole(
        "--iterations", 1, Limits.Iterations, "Steps of the optimisation.", Usual.Iterations);
    private readonly Option<int> blendSteps = CommonOptions.Whole(
        "--blend-steps", 2, Limits.Steps, "Sampling steps of the methods that only blend; of Fast-DiM half as many.", Usual.BlendSteps);
    private readonly Option<int> blends = CommonOptions.Whole(
        "--blends", 2, Limits.Together, "Blends of Morph-PIPE.", Usual.Blends);
    private readonly Option<int> innerSteps = CommonOptions.Whole(
        "--inner-steps", 1, Limits.Iterations, "Steps of Greedy-DiM* at each sampling step.", Usual.InnerSteps);
    private readonly Option<int> candidates = CommonOptions.Whole(
        "--candidates", 2, MaxCandidates, "People that pairs are chosen from.", Usual.Candidates);
    private readonly Option<int> probes = CommonOptions.Whole(
        "--probes", 1, Limits.Together, "Other pictures of each person that morphs are compared with.", Usual.Probes);
    private readonly Option<string?> weights = CommonOptions.Weights();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly RunOptions common = new(CommonOptions.ResumableOutput("costate-morphs"));

    internal EvaluateMorphsCommand(CommandContext context)
        : base(context, "morphs", "Compares methods of morphing: how often face recognisers take a morph for both people (MMPMR).")
    {
        Notes =
        [
            "The most similar pairs of held-out people that a recogniser still tells apart are morphed by each method. "
                + "A morph counts where its similarity to both people is above a judge's threshold, which lets one pair of two people in "
                + "a thousand through. The recogniser that guides is none of the judges, nor the one that chooses the pairs.",
            "Methods:\n" + string.Join('\n', EvaluatedMethod.All.Select(m => $"  {m.Name,-17} {m.Label}")),
            "Those that optimise take changes: adjoint-deis-1:lr=1 (learning rate), :m=5 (adjoint steps), :trajectory=solved-backward, "
                + ":solver=ddim.",
            $"Files: {string.Join(", ", EvaluationFiles.All)}, and for each pair a folder with the morphs and what recognisers say of "
                + "them, written as they are found: the same command goes on where an earlier run ended, "
                + "with settings that must be the same.",
        ];
        Examples =
        [
            new("A quick look",
                "costate evaluate morphs --pairs 4 --candidates 20 --encode-steps 20 --blend-steps 10 \\\n--steps 5 --iterations 5 "
                    + "--inner-steps 5"),
        ];
        AddAll(
        [
            study, methods, pairs, random, shard, batch, rate, encodingSteps, steps, iterations, blendSteps, blends, innerSteps, candidates,
            probes, weights, device, .. common.All,
        ]);

        SetAction(Run);
    }

    internal override string? KeptIn(ParseResult parsed) => common.Of(parsed).Output;

    private int Run(ParseResult parsed)
    {
        EvaluationSettings settings = Settings(parsed);
        (IReadOnlyList<EvaluatedMethod> chosen, int usual) =
            EvaluatedMethod.Chosen(parsed.GetValue(study)!, parsed.GetValue(methods), settings);
        int count = parsed.GetValue(pairs) ?? usual;
        UsageException.ThrowIf(
            2 * count > settings.Candidates,
            $"Got --pairs {count} with --candidates {settings.Candidates}; expected at least two candidates a pair, "
                + $"such as --candidates {5 * count}.");

        Device on = ComputeDevice.Named(parsed.GetValue(device)!);
        Division division = DivisionOf(parsed.GetValue(shard)!);
        string to = common.Of(parsed).Output;
        return GoOn(common.Of(parsed), () =>
        {
            using FaceModel model = Context.LoadFaces(parsed.GetValue(weights), on);
            var folder = new EvaluationFolder(to);
            using var line = new StageLine(Terminal);
            var run = new EvaluationRun(model, settings, folder, parsed.GetValue(batch), line);
            run.Check(chosen);
            using FolderLock folderLock = Take(parsed, to, division);
            (EvaluationContents contents, WorkItems items) = run.Begin(division, chosen, count);
            using WorkItems held = items;
            IReadOnlyList<SimilarPair> all = SimilarPairs.Choose(model, settings.Candidates, count, settings.RandomPairs, Cancellation);
            run.Run(items, all, chosen, Cancellation);
            return EvaluationOutcome.Of(items, folder, () => EvaluationFiles.Write(folder, contents), EvaluationFiles.All, Cancellation);
        });
    }

    private EvaluationSettings Settings(ParseResult parsed) => new()
    {
        Candidates = parsed.GetValue(candidates),
        RandomPairs = parsed.GetValue(random),
        Probes = parsed.GetValue(probes),
        EncodingSteps = parsed.GetValue(encodingSteps),
        BlendSteps = parsed.GetValue(blendSteps),
        Blends = parsed.GetValue(blends),
        Steps = parsed.GetValue(steps),
        Iterations = parsed.GetValue(iterations),
        InnerSteps = parsed.GetValue(innerSteps),
        LearningRate = parsed.GetValue(rate) ?? Usual.LearningRate,
    };
}
