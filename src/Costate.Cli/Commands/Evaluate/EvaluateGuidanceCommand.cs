using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Guidance;
using Costate.Experiments.Sharing;
using Costate.Faces.Files;
using Costate.Faces.Guidance;
using Costate.Faces.Machines;
using Costate.Faces.Models;
using Costate.Faces.Names;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Evaluate;

/// <summary><c>costate evaluate guidance</c>: what guidance methods are worth at equal cost, on drawn faces.</summary>
internal sealed class EvaluateGuidanceCommand : ComputingCommand
{
    private const string DefaultLookahead = "1,2,4,8,all";
    private const string DefaultBudgets = "50,100,200";

    private readonly Option<int> faces = CommonOptions.Whole("--faces", 1, Limits.People, "How many held-out people.", 64);
    private readonly Option<string?> tasks = CommonOptions.Text(
        "--tasks", "LIST", $"Which of {string.Join(",", GuideTask.Evaluated.Select(t => t.Name))}. [default: all]");
    private readonly Option<string?> methods = CommonOptions.Text(
        "--methods", "LIST", "Which methods, with commas between them; see below. [default: all]");
    private readonly Option<string> lookahead = CommonOptions.Text(
        "--lookahead", "LIST", "Lookaheads of greedy guidance, where that is among the methods: numbers of steps, or all.",
        DefaultLookahead);
    private readonly Option<string> budgets = CommonOptions.Text(
        "--evaluations", "LIST",
        "Network evaluations for each sample, at most: every method takes as many steps or iterations as they allow.", DefaultBudgets);
    private readonly Option<double?> noise = CommonOptions.Number(
        "--noise", "S", v => v >= 0, "a number, at least 0",
        $"Standard deviation of noise in what is seen, for pixels in -1..1. [default: {new GuidanceStudySettings().Noise}]");
    private readonly Option<string> code = CommonOptions.Text(
        "--code", "WHAT",
        $"Where the semantic codes of measured faces come from: {GuideCode.OfSeen} (what is seen of them) or {GuideCode.Mean} (many "
            + "other faces).",
        GuideCode.OfSeen);
    private readonly Option<string> shard = CommonOptions.Shard("face");
    private readonly Option<int> batch = CommonOptions.Whole("--batch", 1, Limits.Together, "Faces computed together.", 8);
    private readonly Option<string?> weights = CommonOptions.Weights();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly RunOptions common = new(CommonOptions.ResumableOutput("costate-guidance"));

    internal EvaluateGuidanceCommand(CommandContext context)
        : base(context, "guidance", "Compares guidance methods and lookaheads at equal numbers of network evaluations.")
    {
        Notes =
        [
            "Faces of held-out people are degraded and restored by each method (and, for identity, samples of other people are made to "
                + "look like them to a recogniser). Loss is the mean squared error of what is seen, or 1 - similarity; "
                + "PSNR and SSIM are to the whole face. Intervals hold the mean in 95 of 100 such samples; "
                + "differences between methods are taken face by face. All methods start from the same noise and code.",
            GuideMethod.Table(),
            "They take changes, with colons between them, such as greedy:lookahead=4:scheme=midpoint or dps:strength=50: "
                + $"{StudiedMethod.Changes}. Lookaheads and end-to-end optimisation evaluate once; a "
                + "lookahead of all steps, and controls, evaluate twice, which counts.",
            $"Files: {string.Join(", ", GuidanceStudyFiles.All)}, and for each face a folder with pictures and numbers, "
                + "written as they are found: the same command goes on where an earlier run ended, with settings that must be the same.",
        ];
        Examples =
        [
            new("Half of the whole, on one core of two", "costate evaluate guidance --shard 1/2 --threads 1 --output half-1")
            {
                TakesLong = true,
            },
            new(
                "Half of a small one",
                "costate evaluate guidance --faces 4 --methods greedy,end-to-end --evaluations 20 --shard 1/2 --threads 1 --output small-1"
            ),
            new("A few methods at one task, on few faces",
                "costate evaluate guidance --faces 4 --tasks inpaint --methods unguided,greedy,dps:strength=50 \\\n--lookahead 1,4 "
                    + "--evaluations 50 --output few"),
        ];
        AddAll([faces, tasks, methods, lookahead, budgets, noise, code, shard, batch, weights, device, .. common.All]);

        SetAction(Run);
    }

    internal override string? KeptIn(ParseResult parsed) => common.Of(parsed).Output;

    private int Run(ParseResult parsed)
    {
        int count = parsed.GetValue(faces);
        var choice = GuidanceStudyChoice.Parse(
            parsed.GetValue(tasks), parsed.GetValue(methods), parsed.GetValue(lookahead)!, parsed.GetValue(budgets)!);
        var settings = new GuidanceStudySettings
        {
            Noise = parsed.GetValue(noise) ?? new GuidanceStudySettings().Noise,
            Code = Specification.Find("code", parsed.GetValue(code)!, (string[])[GuideCode.OfSeen, GuideCode.Mean], name => name),
        };
        Device on = ComputeDevice.Named(parsed.GetValue(device)!);
        Division division = DivisionOf(parsed.GetValue(shard)!);
        string to = common.Of(parsed).Output;
        return GoOn(common.Of(parsed), () =>
        {
            using FaceModel model = Context.LoadFaces(parsed.GetValue(weights), on);
            var folder = new GuidanceStudyFolder(to);
            using FolderLock folderLock = Take(parsed, to, division);
            using var line = new StageLine(Terminal);
            var run = new GuidanceStudyRun(model, settings, folder, line);
            (EvaluationContents contents, WorkItems items) = run.Begin(division, choice, count);
            using WorkItems held = items;
            run.Run(items, choice, parsed.GetValue(batch), Cancellation);
            return EvaluationOutcome.Of(
                items, folder, () => GuidanceStudyFiles.Write(folder, contents), GuidanceStudyFiles.All, Cancellation);
        });
    }
}
