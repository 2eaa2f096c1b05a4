using System.CommandLine;
using System.Globalization;
using System.Text;
using Costate.Faces.Inputs;
using Costate.Faces.Names;
using Costate.Faces.Sampling;

namespace Costate.Cli.Commands.Sampling;

/// <summary>The options of a pipeline: what it is told in words, and how it is loaded.</summary>
internal sealed class PromptOptions
{
    private readonly Option<string?> prompt;
    private readonly Option<string?> prompts = CommonOptions.Text(
        "--prompts", "FILE", "Texts in a file, one a line: a sample for each, in place of --prompt and --batch.");
    private readonly Option<string?> negative = CommonOptions.Text(
        "--negative",
        "TEXT",
        "What to lead away from, with --guidance-scale. [default: what the model was trained with in place of a text]");
    private readonly Option<string?> size = CommonOptions.Text(
        "--size", "WIDTHxHEIGHT", "Of the pictures, in pixels that 8 divides. [default: that of the network]");
    private readonly Option<string?> scheduler = CommonOptions.Text(
        "--scheduler",
        "CLASS",
        "Another scheduler of diffusers, such as DPMSolverMultistepScheduler: it takes what it knows of the folder's. "
            + "[default: the folder's]");
    private readonly Option<string?> variant = CommonOptions.Variant();
    private readonly Option<int?> tile = CommonOptions.Whole(
        "--tile-size", 1, PictureSize.MaxSide,
        "Encode and decode pictures in tiles of so many pixels, which takes less memory and changes them a little. "
            + "[default: in one piece]");
    private readonly Option<string?> source = CommonOptions.Text(
        "--from",
        "TEXT",
        "What the sample shows as it is, in words, which it is inverted under. [default: the empty text, or that of the latent]");
    private readonly SamplingInput input;

    internal PromptOptions(SamplingInput input)
    {
        this.input = input;
        string what = input switch
        {
            SamplingInput.Noise => "What to draw",
            SamplingInput.Sample => "What the sample shows",
            SamplingInput.Edit => "What the sample shall become",
            _ => "What the latent shows; [default: as it was inverted]",
        };
        prompt = CommonOptions.Text(
            "--prompt",
            "TEXT",
            $"{what}, in words, for a pipeline; without --model for the embedded text-to-image model of drawn faces.");
    }

    /// <summary>The scale of guidance.</summary>
    /// <param name="otherwise">What is said of it for other models.</param>
    internal static Option<double?> GuidanceScale(string otherwise = "") => CommonOptions.Number(
        "--guidance-scale", "S",
        "Classifier-free guidance; 1 is none. "
            + $"[default: with --prompt the usual one of the model's kind, such as {Prompting.UsualScale}]{otherwise}");

    /// <summary>Why a file is no model for a prompt, and what to do about it.</summary>
    internal const string NoPipeline = "which is no pipeline; it is for the folder of one, with model_index.json, or its single file "
        + "(.safetensors, .ckpt), which has a text encoder. Leave it out, or name the pipeline.";

    /// <summary>All of them.</summary>
    internal Option[] All =>
    [
        prompt,
        .. input == SamplingInput.Edit ? [source] : (Option[])[],
        prompts,
        negative,
        size,
        scheduler,
        variant,
        tile,
    ];

    /// <summary>Those that say nothing where the samples are there.</summary>
    internal Option[] OfNoise => [prompts];

    /// <summary>What the sample shall become.</summary>
    internal string? Target(ParseResult parsed) => parsed.GetValue(prompt);

    /// <summary>What they say.</summary>
    /// <param name="parsed">What the user typed.</param>
    /// <param name="files">Where the file of prompts comes from.</param>
    /// <param name="guidanceScale">The scale, as the user gave it, or null.</param>
    /// <param name="networkDtype">The name of what the networks compute in, or null.</param>
    /// <param name="usualScale">The scale unless the user gives one.</param>
    /// <param name="weights">A single file of weights, or null.</param>
    /// <param name="latent">What the latent to decode was made with, or null.</param>
    /// <exception cref="UsageException">There is no text.</exception>
    internal Prompting Parse(
        ParseResult parsed,
        InputFiles files,
        Option guidanceScale,
        Option networkDtype,
        double usualScale,
        string? weights,
        LatentOptions? latent)
    {
        string? text = input != SamplingInput.Edit ? PlanOptions.Value(parsed, prompt, latent)
            : latent is null ? parsed.GetValue(source) ?? ""
            : latent.Value("prompt", parsed.GetValue(source));
        string? list = input == SamplingInput.Noise ? parsed.GetValue(prompts) : null;
        UsageException.ThrowIf(
            text is null == list is null,
            text is null
                ? $"Got no --prompt; expected what the picture {(input == SamplingInput.Noise ? "shall show" : "shows")}, in words. "
                    + "--prompt \"\" is the empty text."
                : "Got both --prompt and --prompts; give one.");

        string? scale = PlanOptions.Value(parsed, guidanceScale, latent);
        UsageException.ThrowIf(
            scale is "1" && PlanOptions.Value(parsed, negative, latent) is { Length: > 0 },
            "Got --negative with --guidance-scale 1, which leads away from nothing; leave out one of them.");

        string? dtype = PlanOptions.Given(parsed, [networkDtype]) is null && latent is not null
            ? latent.Values.GetValueOrDefault("network-dtype")?.ToLowerInvariant()
            : parsed.GetResult(networkDtype)?.Tokens.FirstOrDefault()?.Value;
        RequireText(parsed, prompt, negative, source);
        if (weights is not null && !File.Exists(weights))
        {
            throw new CommandException(
                $"Got --weights {weights}: there is no such file; expected a single file of the model's family (.safetensors, .ckpt).");
        }

        return new Prompting
        {
            Prompts = latent is not null ? text!.Split('\n')
                : text is not null ? [text.ReplaceLineEndings(" ")]
                : TextLines.Read("--prompts", list!, Limits.Batch),
            Negative = PlanOptions.Value(parsed, negative, latent),
            GuidanceScale = scale is null ? usualScale : double.Parse(scale, NumberStyles.Float, CultureInfo.InvariantCulture),
            Size = PlanOptions.Value(parsed, size, latent) is string wanted ? PictureSize.Parse(wanted) : null,
            Variant = parsed.GetValue(variant),
            Tile = parsed.GetValue(tile),
            Weights = weights,
            Scheduler = PlanOptions.Value(parsed, scheduler, latent),
            NetworkDtype = NamedDtype.OfNetworks(dtype),
        };
    }

    // Bytes of the command line that are no text in its encoding come as this character.
    private static void RequireText(ParseResult parsed, params Option<string?>[] texts)
    {
        foreach (Option<string?> option in texts)
        {
            if (parsed.GetValue(option) is string text && text.EnumerateRunes().Any(rune => rune == Rune.ReplacementChar))
            {
                throw new UsageException(
                    $"Got {option.Name} with bytes that are no text in UTF-8, or U+FFFD, which stands for such; expected text. "
                        + "A terminal or script in another encoding may have made it.");
            }
        }
    }
}
