using System.CommandLine;
using Costate.Cli.Files;
using Costate.Cli.Terminals;
using Costate.Faces.Sampling;
using TorchSharp;
using static TorchSharp.torch;
using NamedTensor = Costate.Faces.Inputs.TensorFile;

namespace Costate.Cli.Commands.Sampling;

/// <summary><c>costate edit</c>: inverts samples under one condition and decodes them under another.</summary>
internal sealed class EditCommand : SamplingCommand
{
    internal const string TensorFile = "edit.safetensors";

    private const string Picture = "edit";

    private readonly Argument<string> sample = new("SAMPLE")
    {
        Description =
            $"What to edit, {SampleFile.Form}: a PNG, JPEG or WebP picture, of any size for the embedded model (- for the standard "
                + $"input), or a tensor [batch, ...] in a safetensors file; or a {SavedLatent.FileName} of costate invert, "
                + "which spares inverting it again.",
    };
    private readonly Option<double?> strength = CommonOptions.Number(
        "--strength",
        "S",
        v => v is > 0 and <= 1,
        "a number above 0, at most 1",
        "How much of the grid to go back and forth, in (0, 1]: the last steps, this fraction of them. Less keeps more of the sample. "
            + "[default: 1]");
    private readonly Option<string?> editCondition = CommonOptions.Text(
        "--edit-condition",
        NamedTensor.Form,
        "The condition to decode under; --condition is that of the sample as it is, which with the embedded model is its own code unless "
            + "given.");
    private readonly Option<bool> roundTrip = CommonOptions.Flag(
        "--round-trip",
        "Draw the sample under its own condition too, and tell how far it comes back: the largest difference, beside the largest entry.");
    private readonly Option<string?> conditionFrom = SamplingOptions.ConditionFrom();

    internal EditCommand(CommandContext context)
        : base(context, "edit", "Inverts samples under one condition and decodes them under another.", SamplingInput.Edit)
    {
        Notes =
        [
            .. SamplingOptions.Notes,
            "Under its own condition a sample comes back as it is, with a reversible solver; what changes is due to the other condition. "
                + "A latent brings its condition, solver, schedule, prediction, times and grid with it, as for costate decode.",
            $"Files: {TensorFile} (sample, original), {SamplingReport.FileName}, and for images {Picture}.png, "
                + $"of several {Picture}-1.png and so on, and sheet.png, each original beside what it became.",
        ];
        Examples =
        [
            new(
                "A face under other words, with the embedded text-to-image model",
                "costate edit face.png --from \"a person with brown hair\" --prompt \"a person with red hair and glasses\"")
            {
                TakesLong = true,
            },
            new("A face under another's code, with the embedded model", "costate edit a.png --condition-from b.png"),
            new(
                "A picture under another text, with Stable Diffusion",
                "costate edit horse.png --model stable-diffusion-v1-5 \\\n--from \"a photograph of a horse\" "
                    + "--prompt \"a photograph of a zebra\" --guidance-scale 3 --solver rex:euler --steps 25") { TakesLong = true },
            new(
                "A picture under another condition",
                "costate edit picture.png --model denoiser.ts.pt --schedule vp-linear --prediction data \\\n--condition cond.safetensors "
                    + "--edit-condition other.safetensors --shape 3,8,8"),
            new(
                "The same, inverted before",
                "costate edit latent.safetensors --model denoiser.ts.pt --edit-condition other.safetensors --output edited"),
        ];
        Arguments.Add(sample);
        Shared.AddTo(this, editCondition, conditionFrom, strength, roundTrip);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        string text = parsed.GetValue(sample)!;
        using DisposeScope scope = NewDisposeScope();
        SavedLatent? latent = SavedLatent.IsLatent(text) ? Shared.ReadLatent(parsed, text) : null;
        double share = parsed.GetValue(strength) ?? 1;
        SamplingSettings settings = Settings(parsed, latent, share);
        UsageException.ThrowIf(
            latent is not null && parsed.GetValue(roundTrip),
            "Got --round-trip with a latent, which does not hold the sample to come back to. Leave it out.");

        UsageException.ThrowIf(
            settings.Prompting is null && settings.Condition is null && latent?.Condition is null && settings.Model is not null,
            "Got no --condition; expected that of the sample as it is, beside --edit-condition.");

        (string? other, string? face) = (parsed.GetValue(editCondition), parsed.GetValue(conditionFrom));
        string? target = Target(parsed, settings, other, face);
        if (target is null && (other is null == face is null || (face is not null && settings.Model is not null)))
        {
            string got = (other, face) switch
            {
                (null, null) => "neither --edit-condition nor --condition-from",
                (null, _) => "--condition-from with --model",
                _ => "both --edit-condition and --condition-from",
            };
            throw new UsageException(
                $"Got {got}; expected the condition to decode under: --edit-condition with a tensor, "
                    + "or for the embedded model --condition-from with a picture of a face.");
        }

        return Run(
            settings,
            TensorFile,
            run =>
            {
                Condition? changed = target is not null ? run.ConditionOf([target])
                    : other is null ? run.ReadConditionFrom(face!) : run.ReadCondition("--edit-condition", other);
                run.Expect(run.Start.shape, Picture, ((int)(2 * run.Start.shape[0]), 2));
                return run.Sampling.Edit(
                    run.Start,
                    latent?.State,
                    changed,
                    parsed.GetValue(roundTrip),
                    Terminal.Shelf,
                    run.Progress("editing"),
                    Cancellation);
            },
            run => latent?.Start() ?? run.WithCondition(run.Read(text)),
            ("sample", text),
            ("editCondition", other),
            ("editConditionFrom", face),
            ("from", target is null ? null : settings.Prompting!.Prompts[0]),
            ("to", target),
            ("strength", share));
    }

    // What a pipeline is told; null for another model.
    private string? Target(ParseResult parsed, SamplingSettings settings, string? other, string? face)
    {
        if (settings.Prompting is null)
        {
            return null;
        }

        string? target = Shared.Target(parsed);
        return target is not null && other is null && face is null
            ? target
            : throw new UsageException(target is null
                ? "Got no --prompt; expected what the picture shall become, in words. --from says what it shows as it is."
                : $"Got {(other is null ? "--condition-from" : "--edit-condition")} with a pipeline, which is told --prompt. "
                    + "Leave it out.");
    }

    private SamplingSettings Settings(ParseResult parsed, SavedLatent? latent, double share)
    {
        SamplingSettings settings = Shared.Parse(parsed, NewInputs(), latent);
        if (latent is null)
        {
            return settings with { Plan = settings.Plan.LastPart(share) };
        }

        if (share < 1)
        {
            throw new InputException(
                "strength",
                FormattableString.Invariant($"{share}"),
                "1 for a latent, which has gone all the way to noise",
                "Give the sample itself, or leave it out.");
        }

        long[] shape = [.. latent.State.Start.shape.Skip(1)];
        return settings.Shape is null || settings.Shape.AsSpan().SequenceEqual(shape)
            ? settings
            : throw new InputException(
                "shape",
                string.Join(',', settings.Shape),
                $"{string.Join(',', shape)}, that of the latent {latent.Options.File}",
                "Leave it out.");
    }
}
