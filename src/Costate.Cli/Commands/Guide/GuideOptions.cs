using System.CommandLine;
using System.Globalization;
using Costate.Experiments.Guided;
using Costate.Faces.Guidance;
using Costate.Faces.Inputs;
using Costate.Faces.Names;

namespace Costate.Cli.Commands.Guide;

/// <summary>The options that say what samples are guided to, and how.</summary>
internal sealed class GuideOptions
{
    private const string DefaultMethod = "greedy";

    // The kernel of a motion blur has so many squared, and a picture that is smaller shows nothing of what is in it.
    private const int MaxPixels = 1023;

    private readonly Option<string?> task = CommonOptions.Text(
        "--task", "TASK", $"{string.Join(", ", GuideTask.All.Select(t => t.Name))}; the last by itself where --loss is given.");
    private readonly Option<string> method = CommonOptions.Text("--method", "NAME", "The guidance method; see below.", DefaultMethod);
    private readonly Option<double?> strength = CommonOptions.Number(
        "--strength", "S", v => v >= 0, "a number, at least 0",
        "How strongly it guides, in the method's unit; see below. [default: the method's]");
    private readonly Option<int?> steps = CommonOptions.Whole("--steps", 2, Limits.Steps, "Sampling steps. [default: the method's]");
    private readonly Option<int?> iterations = CommonOptions.Whole(
        "--iterations", 0, Limits.Iterations, "Of methods that optimise. [default: the method's]");
    private readonly Option<string?> lookahead = CommonOptions.Text(
        "--lookahead", "N", "The loss is taken of a prediction by N further steps, or all. [default: 1, the predicted picture]");
    private readonly Option<string?> scheme = CommonOptions.Text(
        "--scheme", "NAME", "Of the lookahead's steps: euler, midpoint, or a solver. [default: euler]");
    private readonly Option<double?> eta = CommonOptions.Number(
        "--eta", "E", v => v is >= 0 and <= 1, "a number from 0 to 1",
        "Noise of each step: 0 is the ODE, 1 is DDPM. [default: the method's]");
    private readonly Option<double?> clip = CommonOptions.Number(
        "--clip", "C", v => v > 0, "a number above 0", "Clip predicted pictures to -C..C. [default: not clipped]");
    private readonly Option<string?> optimise = CommonOptions.Text(
        "--optimise", "WHAT", $"What end-to-end changes: {NamedTargets.Names}. [default: both]");
    private readonly Option<string?> mask = CommonOptions.Text(
        "--mask", "FILE", "For inpaint: a picture of the same size, white where the image is seen, black where it is hidden.");
    private readonly Option<string?> box = CommonOptions.Text(
        "--box", "T,L,H,W",
        "For inpaint: the hidden rectangle in pixels: top, left, height, width. [default: the middle, half as high and wide as the image]");
    private readonly Option<double?> hidden = CommonOptions.Number(
        "--hidden", "P", v => v is > 0 and < 1, "a number between 0 and 1",
        "For inpaint: the part of the pixels that is hidden, at random.");
    private readonly Option<int?> factor = CommonOptions.Whole(
        "--factor", 2, MaxPixels,
        $"For super-resolution: by how much the image was made smaller. [default: {Degradation.DefaultFactor}]");
    private readonly Option<bool> bicubic = CommonOptions.Flag(
        "--bicubic", "For super-resolution: made smaller by bicubic reduction rather than by averages.");
    private readonly Option<double?> blur = CommonOptions.Number(
        "--blur", "D", v => v > 0, "a number above 0",
        $"For deblur: standard deviation of the Gaussian in pixels. [default: {Degradation.DefaultBlur}]");
    private readonly Option<int?> motionBlur = CommonOptions.Whole(
        "--motion-blur", 3, MaxPixels, "For deblur: a motion blur of so many pixels instead, an odd number.");
    private readonly Option<double?> noise = CommonOptions.Number(
        "--noise", "S", v => v >= 0, "a number, at least 0",
        "Standard deviation of noise in what is seen, for pixels in -1..1. [default: 0]");
    private readonly Option<bool> observed = CommonOptions.Flag(
        "--observed", "The image is degraded already. Then nothing tells how near the result is to the truth.");
    private readonly Option<string?> loss = CommonOptions.Text(
        "--loss", "FILE",
        "For custom-torchscript-loss: a TorchScript file from pictures [batch, 3, height, width] in -1..1 to one value for each. "
            + "It is a program: run only files whose origin you trust.");
    private readonly Option<string?> code = CommonOptions.Text(
        "--code", "WHAT",
        $"The semantic code under which the embedded model samples: {GuideCode.OfSeen} (that of what is seen of the image), "
            + $"{GuideCode.Mean} (of many drawn faces), or a picture whose code it is. [default: {GuideCode.OfSeen}; "
            + "for identity a bundled other face]");
    private readonly Option<int?> samples = CommonOptions.Whole(
        "--samples", 1, Limits.Together, "How many, from seeds that follow each other. [default: 1]");
    private readonly Option<ulong?> seed = CommonOptions.Seed("--seed", "S", "Of all noise, of --hidden and --motion-blur.");

    /// <summary>All of them, in the order of the help.</summary>
    internal IReadOnlyList<Option> All =>
    [
        task, method, strength, steps, iterations, lookahead, scheme, eta, clip, optimise, mask, box, hidden, factor, bicubic, blur,
        motionBlur, noise, observed, loss, code, samples, seed,
    ];

    /// <exception cref="UsageException">A value is not what its option expects, or two do not go together.</exception>
    internal GuideRequest Parse(ParseResult parsed, InputFiles files)
    {
        GuideTask chosen = parsed.GetValue(task) is string named ? GuideTask.Parse("task", named, GuideTask.All)
            : parsed.GetValue(loss) is not null ? GuideTask.OwnLoss
            : throw new UsageException(
                $"Got neither --task nor --loss; expected --task with one of {string.Join(", ", GuideTask.All.Select(t => t.Name))}.");
        GuideMethod method = GuideMethod.Parse("method", parsed.GetValue(this.method)!);
        CheckTask(parsed, chosen);
        CheckMethod(parsed, method);
        string? ahead = parsed.GetValue(lookahead) ?? (parsed.GetValue(scheme) is null ? null : "1");
        string aheadBy = parsed.GetValue(scheme) ?? NamedLookahead.DefaultScheme;
        ulong ofNoise = parsed.GetValue(seed) ?? 0;
        int count = parsed.GetValue(samples) ?? 1;
        CommonOptions.RequireSeeds("seed", ofNoise, count);
        GuidePlan plan = GuidePlan.Of(method, chosen);
        return new GuideRequest
        {
            ReadPicture = path => files.Picture("the picture", path),
            Task = chosen,
            Plan = plan with
            {
                Steps = parsed.GetValue(steps) ?? plan.Steps,
                Iterations = parsed.GetValue(iterations) ?? plan.Iterations,
                Strength = parsed.GetValue(strength) ?? plan.Strength,
                Lookahead = ahead is null ? null : NamedLookahead.Parse(ahead, aheadBy),
                Eta = parsed.GetValue(eta),
                Clip = parsed.GetValue(clip),
                Targets = NamedTargets.Parse(parsed.GetValue(optimise) ?? NamedTargets.Default),
            },
            Degradation = new Degradation
            {
                Mask = parsed.GetValue(mask),
                ReadMask = parsed.GetValue(mask) is string file
                    ? (height, width) => MaskFile.Read(files, "--mask", file, height, width)
                    : null,
                Box = Box(parsed.GetValue(box)),
                Hidden = parsed.GetValue(hidden),
                Factor = parsed.GetValue(factor) ?? Degradation.DefaultFactor,
                Bicubic = parsed.GetValue(bicubic),
                Blur = parsed.GetValue(blur) ?? Degradation.DefaultBlur,
                MotionBlur = parsed.GetValue(motionBlur),
                Noise = parsed.GetValue(noise) ?? 0,
                Seed = ofNoise,
            },
            IsObserved = parsed.GetValue(observed),
            Loss = parsed.GetValue(loss),
            Code = parsed.GetValue(code),
            Samples = count,
            Seed = ofNoise,
            LookaheadText = ahead is null ? null : $"{ahead} {aheadBy}",
        };
    }

    private void CheckTask(ParseResult parsed, GuideTask chosen)
    {
        (Option Option, GuideTask[] Tasks)[] belong =
        [
            .. ((Option[])[mask, box, hidden]).Select(o => (o, (GuideTask[])[GuideTask.Inpaint])),
            .. ((Option[])[factor, bicubic]).Select(o => (o, (GuideTask[])[GuideTask.SuperResolution])),
            .. ((Option[])[blur, motionBlur]).Select(o => (o, (GuideTask[])[GuideTask.Deblur])),
            .. ((Option[])[noise, observed]).Select(o => (o, GuideTask.All.Where(t => t.IsMeasured).ToArray())),
            (loss, [GuideTask.OwnLoss]),
        ];
        foreach ((Option option, GuideTask[] tasks) in belong)
        {
            UsageException.ThrowIf(
                IsGiven(parsed, option) && !tasks.Contains(chosen),
                $"Got {option.Name} with --task {chosen.Name}; it belongs to {string.Join(", ", tasks.Select(t => t.Name))}. "
                    + "Leave it out.");
        }

        OneOf(parsed, mask, box, hidden);
        OneOf(parsed, blur, motionBlur);
        UsageException.ThrowIf(
            chosen == GuideTask.OwnLoss && parsed.GetValue(loss) is null,
            $"Got --task {chosen.Name} without --loss; expected a TorchScript file from pictures to one value for each.");
    }

    private void CheckMethod(ParseResult parsed, GuideMethod chosen)
    {
        (Option Option, bool Belongs, string Where)[] belong =
        [
            (lookahead, chosen.LooksAhead, "methods that differentiate the network at each step, such as greedy"),
            (scheme, chosen.LooksAhead, "methods that differentiate the network at each step, such as greedy"),
            (eta, chosen.Kind == GuideKind.Sampled, "methods that sample, such as dps"),
            (clip, chosen.Kind == GuideKind.Sampled, "methods that sample, such as dps"),
            (iterations, chosen.Iterations > 0, string.Join(", ", GuideMethod.All.Where(m => m.Iterations > 0).Select(m => m.Name))),
            (optimise, chosen.Kind == GuideKind.EndToEnd, "end-to-end"),
        ];
        foreach ((Option option, bool belongs, string where) in belong)
        {
            UsageException.ThrowIf(
                IsGiven(parsed, option) && !belongs,
                $"Got {option.Name} with --method {chosen.Name}; it belongs to {where}. Leave it out, or take another method.");
        }

        UsageException.ThrowIf(
            chosen.Kind != GuideKind.Sampled && parsed.GetValue(strength) == 0,
            $"Got --strength 0 with --method {chosen.Name}, whose learning rate it is; expected a number above 0.");
    }

    private static void OneOf(ParseResult parsed, params Option[] options)
    {
        Option[] given = [.. options.Where(o => IsGiven(parsed, o))];
        UsageException.ThrowIf(given.Length > 1, $"Got {string.Join(" and ", given.Select(o => o.Name))}; expected one of them.");
    }

    private static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    private static int[]? Box(string? text)
    {
        if (text is null)
        {
            return null;
        }

        string[] parts = text.Split(',');
        int[] numbers = [.. parts.Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : -1)];
        return numbers.Length == 4 && numbers.All(n => n >= 0) && numbers[2] > 0 && numbers[3] > 0
            ? numbers
            : throw new UsageException($"Got --box {text}; expected top, left, height and width in pixels, such as 16,16,32,32.");
    }
}
