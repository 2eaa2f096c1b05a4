using System.CommandLine;
using Costate.Cli.Files;
using Costate.Faces.Sampling;

namespace Costate.Cli.Commands.Sampling;

/// <summary><c>costate sample</c>: draws samples.</summary>
internal sealed class SampleCommand : SamplingCommand
{
    internal const string TensorFile = "sample.safetensors";

    private const double UsualStrength = 0.8;

    private readonly Option<string?> image = CommonOptions.Text(
        "--image",
        SampleFile.Form,
        "Image to image: begin with this picture under noise, rather than with noise alone. For a pipeline.");
    private readonly Option<double?> strength = CommonOptions.Number(
        "--strength",
        "S",
        v => v is > 0 and <= 1,
        "a number above 0, at most 1",
        "How much of the grid to go with --image, in (0, 1]: the last steps, this fraction of them. Less keeps more of it. [default: 0.8, "
            + "or 1 with --mask]");
    private readonly Option<string?> mask = CommonOptions.Text(
        "--mask",
        "IMAGE",
        "For a network that was trained to repaint (9 channels): what of --image to keep, white, and what to paint anew, black.");

    internal SampleCommand(CommandContext context)
        : base(
            context, "sample",
            "Draws samples from a diffusion or flow model: yours, a Stable Diffusion folder or a TorchScript file, or the embedded one of "
                + "drawn faces, by a face or by words.")
    {
        Notes =
        [
            .. SamplingOptions.Notes,
            $"Files: {TensorFile} (sample, start_noise), {SamplingReport.FileName} (settings, cost), and for images, of 1 or 3 channels, "
                + "sample.png with values from -1 (black) to 1 (white), pixel by pixel; of several sample-1.png and so on, "
                + "sheet.png with all of them, and gallery.html, a page.",
        ];
        Examples =
        [
            new(
                "Four faces by words, with the embedded text-to-image model",
                "costate sample --prompt \"a smiling person with curly red hair and glasses\" --batch 4"),
            new("Four faces with the code of one, with the embedded model", "costate sample --condition-from a.png --batch 4"),
            new(
                "A picture of Stable Diffusion, from the folder that people have",
                "costate sample --model stable-diffusion-v1-5 --prompt \"a photograph of a horse\" \\\n--negative blurry "
                    + "--guidance-scale 7.5 --size 512x512 --steps 25 --output horse") { TakesLong = true },
            new(
                "Image to image, in 16 bits",
                "costate sample --model stable-diffusion-v1-5 --prompt \"a photograph of a zebra\" \\\n--image horse/sample.png "
                    + "--strength 0.6 --dtype bfloat16 --output zebra") { TakesLong = true },
            new(
                "Four images of 8 by 8",
                "costate sample --model denoiser.ts.pt --schedule vp-linear --prediction noise \\\n--condition cond.safetensors --shape "
                    + "3,8,8 --batch 4 --seed 7"),
            new(
                "With guidance, on another schedule and grid",
                "costate sample --model denoiser.ts.pt --schedule vp-scaled-linear:0.85,12 --prediction velocity \\\n--condition "
                    + "cond.safetensors:z --unconditional zeros --guidance-scale 3 \\\n--solver dpm++3m --steps 30 --grid karras "
                    + "--training-timesteps 1000 --shape 3,8,8"),
            new(
                "As a scheduler_config.json of diffusers says",
                "costate sample --model denoiser.ts.pt --scheduler-config scheduler_config.json \\\n--condition cond.safetensors --shape "
                    + "3,8,8 --steps 10 --output diffusers"),
            new(
                "On the noise levels that a pipeline of FLUX hands to its scheduler",
                "costate sample --model denoiser.ts.pt --scheduler-config flow/scheduler_config.json \\\n--condition cond.safetensors "
                    + "--shape 3,8,8 --sigmas 1,0.75,0.5,0.25 --mu 1.15 --output flux"),
            new(
                "A stochastic solver, the report for another program",
                "costate sample --model denoiser.ts.pt --schedule vp-linear:0.1,20 --prediction noise \\\n--condition cond.safetensors "
                    + "--shape 3,8,8 --solver sde-dpm++2m --json"),
            new(
                "A rectified flow",
                "costate sample --model denoiser.ts.pt --schedule rectified-flow --prediction flow \\\n--condition cond.safetensors "
                    + "--shape 3,8,8 --solver euler --output flow"),
        ];
        Shared.AddTo(this, image, strength, mask);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        (string? picture, double? share, string? kept) = (parsed.GetValue(image), parsed.GetValue(strength), parsed.GetValue(mask));
        double taken = share ?? (picture is null || kept is not null ? 1 : UsualStrength);
        SamplingSettings settings = Shared.Parse(parsed, NewInputs(), strength: taken) with
        {
            Repainted = picture is not null && kept is not null ? (picture, kept) : null,
        };
        UsageException.ThrowIf(picture is null && kept is not null, "Got --mask without --image; give the picture that a part of is kept.");

        UsageException.ThrowIf(
            picture is null ? share is not null : settings.Prompting is null || settings.StartNoise is not null,
            picture is null ? "Got --strength without --image; give the picture to begin with, or leave it out."
                : settings.Prompting is null ? "Got --image without a pipeline as --model; leave it out, or see costate edit."
                : "Got both --image and --start-noise; leave out one of them.");

        return Run(
            settings,
            TensorFile,
            run =>
            {
                run.Expect(run.Start.shape);
                return run.Sampling.Sample(run.Start, run.Progress("sampling"), Cancellation);
            },
            picture is null || taken == 1 ? null : run => (run.ReadNoised(picture), null),
            ("image", picture),
            ("mask", kept),
            ("strength", picture is null ? null : taken));
    }
}
