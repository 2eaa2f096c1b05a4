using System.CommandLine;
using Costate.Cli.Files;
using Costate.Faces.Sampling;

namespace Costate.Cli.Commands.Sampling;

/// <summary><c>costate invert</c>: samples to the latents that decode to them.</summary>
internal sealed class InvertCommand : SamplingCommand
{
    private readonly Argument<string> sample = new("SAMPLE")
    {
        Description =
            $"What to invert, {SampleFile.Form}: a PNG, JPEG or WebP picture, of any size for the embedded model (- for the standard "
                + "input), or a tensor [batch, ...] in a safetensors file.",
    };

    internal InvertCommand(CommandContext context)
        : base(
            context, "invert",
            "Finds the latent from which a sampler draws a given sample: exactly with a reversible solver.",
            SamplingInput.Sample)
    {
        Notes =
        [
            .. SamplingOptions.Notes,
            "Rex, EDICT, BDIA and O-BELM invert exactly, to the last bit. The other deterministic solvers do what is known as DDIM "
                + "inversion, which is approximate; stochastic ones find noise vectors (CycleDiffusion).",
            $"Files: {SavedLatent.FileName} (the states, in two words of 64 bits for a reversible solver, the condition, "
                + $"and all settings, which costate decode and edit take from it) and {SamplingReport.FileName}.",
        ];
        Examples =
        [
            new("A drawn face, with the embedded model", "costate invert a.png"),
            new(
                "A picture, with Stable Diffusion; costate decode latent.safetensors --model FOLDER gives it back",
                "costate invert horse.png --model stable-diffusion-v1-5 --prompt \"a photograph of a horse\" --steps 25")
            {
                TakesLong = true,
            },
            new(
                "A picture, with Rex",
                "costate invert picture.png --model denoiser.ts.pt --schedule vp-linear --prediction data \\\n--condition "
                    + "cond.safetensors --shape 3,8,8"),
            new(
                "Tensors, with another solver and as many steps",
                "costate invert sample.safetensors:sample --model denoiser.ts.pt --schedule vp-linear --prediction data \\\n--condition "
                    + "cond.safetensors --solver rex:euler:0.99 --steps 10 --output inverted --json"),
        ];
        Arguments.Add(sample);
        Shared.AddTo(this);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        string text = parsed.GetValue(sample)!;
        return Run(
            Shared.Parse(parsed, NewInputs()),
            SavedLatent.FileName,
            run => run.Sampling.Invert(run.Start, run.Progress("inverting"), Cancellation),
            run => run.WithCondition(run.Read(text)),
            ("sample", text));
    }
}
