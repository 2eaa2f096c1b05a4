using System.CommandLine;
using Costate.Faces.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Sampling;

/// <summary><c>costate decode</c>: latents of <c>costate invert</c> to samples.</summary>
internal sealed class DecodeCommand : SamplingCommand
{
    private readonly Argument<string> latent = new("LATENT") { Description = $"A {SavedLatent.FileName} of costate invert." };

    internal DecodeCommand(CommandContext context)
        : base(
            context, "decode",
            "Draws the sample of a latent: the one that was inverted, or another under another condition.",
            SamplingInput.Latent)
    {
        Notes =
        [
            .. SamplingOptions.Notes,
            "Solver, schedule, prediction, times and grid, the type of number and the seed of a stochastic solver come from the file, "
                + "and unless another is given the condition. What is given nevertheless must be the same; "
                + "otherwise it is refused, with what differs. So is another network. A file that a program has written with "
                + "NoiseStateFile says none of this; then the options must.",
            $"Files: {SampleCommand.TensorFile} (sample), {SamplingReport.FileName}, and for images sample.png, "
                + "of several sample-1.png and so on and sheet.png.",
        ];
        Examples =
        [
            new("Back to a face, with the embedded model", "costate decode costate-invert/latent.safetensors"),
            new(
                "The same noise under another face's code",
                "costate decode costate-invert/latent.safetensors --condition-from b.png --output other"),
            new("Back to the picture", "costate decode latent.safetensors --model denoiser.ts.pt"),
            new(
                "Under another condition",
                "costate decode latent.safetensors --model denoiser.ts.pt --condition other.safetensors --output other --json"),
        ];
        Arguments.Add(latent);
        Shared.AddTo(this);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        string path = parsed.GetValue(latent)!;
        using DisposeScope scope = NewDisposeScope();
        SavedLatent saved = Shared.ReadLatent(parsed, path);
        return Run(
            Shared.Parse(parsed, NewInputs(), saved),
            SampleCommand.TensorFile,
            run =>
            {
                run.Expect(run.Start.shape);
                return run.Sampling.Decode(saved.State, run.Progress("decoding"), Cancellation);
            },
            _ => saved.Start(),
            ("latent", path));
    }
}
