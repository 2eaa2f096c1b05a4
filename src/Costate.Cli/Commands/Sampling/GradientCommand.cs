using System.CommandLine;
using Costate.Faces.Inputs;
using Costate.Faces.Names;
using Costate.Faces.Sampling;

namespace Costate.Cli.Commands.Sampling;

/// <summary><c>costate gradient</c>: the gradient of a loss on samples.</summary>
internal sealed class GradientCommand : SamplingCommand
{
    internal const string TensorFile = "gradient.safetensors";

    private readonly Option<string> loss = new("--loss")
    {
        HelpName = "LOSS",
        Description = $"The loss of each sample: {NamedLoss.Form}.",
        Required = true,
    };
    private readonly Option<string> method = CommonOptions.GradientMethod();
    private readonly Option<int?> adjointSteps = CommonOptions.Whole(
        "--adjoint-steps",
        1,
        Limits.Steps,
        "Steps of adjoint-deis. [default: those of the sampler]");
    private readonly Option<string?> trajectory = CommonOptions.Trajectory();
    private readonly Option<bool> byStep = CommonOptions.Flag(
        "--by-step",
        "Tell of each step too: the loss of what the network predicts there, and the gradient's length at each state. It asks for the "
            + "loss once more at each evaluation.");

    internal GradientCommand(CommandContext context)
        : base(context, "gradient", "Draws samples and the gradient of a loss on them, with respect to the start noise and the condition.")
    {
        Notes =
        [
            NamedMethod.Table(),
            .. SamplingOptions.Notes,
            "A TorchScript loss is a program, as the model is: it maps x [batch, ...] to one value for each item, [batch]. "
                + "The built-in ones: sum of a sample's values, mean-square of them, mse against a target.",
            $"Files: {TensorFile} (sample, loss, start_noise, start_noise_gradient, and with a condition condition and "
                + $"condition_gradient), {SamplingReport.FileName} (settings, loss, cost, onTheWay with --by-step), and for images "
                + "sample.png and gradient.png (the start noise's gradient, by its length over the channels), "
                + "of several sample-1.png and so on and sheet.png.",
        ];
        Examples =
        [
            new(
                "Towards a target, exactly",
                "costate gradient --model denoiser.ts.pt --schedule vp-linear --prediction noise \\\n--condition cond.safetensors --shape "
                    + "3,8,8 --batch 2 --loss mse:target.safetensors"),
            new(
                "Through Stable Diffusion: the loss is of the picture, the gradient of its noise, its text and its negative text",
                "costate gradient --model stable-diffusion-v1-5 --prompt \"a photograph of a horse\" \\\n--loss brightness.ts.pt "
                    + "--size 256x256 --steps 10") { TakesLong = true },
            new(
                "Ten checkpoints instead of a hundred states",
                "costate gradient --model denoiser.ts.pt --schedule vp-linear --prediction noise \\\n--condition cond.safetensors --shape "
                    + "3,8,8 --loss mean-square --steps 100 --method revolve:10"),
            new(
                "Two states, whatever the number of steps",
                "costate gradient --model denoiser.ts.pt --schedule vp-linear --prediction noise \\\n--condition cond.safetensors --shape "
                    + "3,8,8 --loss mean-square --solver rex:euler --method reversible"),
            new(
                "The continuous adjoint, with more steps than the sampler and a loss of your own",
                "costate gradient --model denoiser.ts.pt --schedule vp-linear --prediction noise \\\n--condition cond.safetensors --shape "
                    + "3,8,8 --loss loss.ts.pt --method adjoint-deis:2 --adjoint-steps 40 --json"),
            new(
                "From a state of your own, in 64 bits, no state kept",
                "costate gradient --model denoiser.ts.pt --schedule vp-linear --prediction noise \\\n--condition cond.safetensors "
                    + "--start-noise noise.safetensors:x --dtype float64 --loss sum \\\n--method adjoint-deis:1 --trajectory "
                    + "solved-backward --steps 50"),
            new(
                "What each step contributes, by the embedded text-to-image model",
                "costate gradient --prompt \"a person with red hair\" --loss mean-square --steps 8 --by-step --output steps"),
        ];
        Shared.AddTo(this, loss, method, adjointSteps, trajectory, byStep);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        SamplingSettings settings = Shared.Parse(parsed, NewInputs());
        (string lossText, string methodText) = (parsed.GetValue(loss)!, parsed.GetValue(method)!);
        (int? steps, string? states) = (parsed.GetValue(adjointSteps), parsed.GetValue(trajectory));
        GradientMethod chosen = NamedMethod.Parse(methodText, settings.Plan.Solver, steps, states);
        return Run(
            settings,
            TensorFile,
            run =>
            {
                UsageException.ThrowIf(!NamedLoss.MayBe(lossText), $"Got --loss {lossText}; expected {NamedLoss.Form}.");
                using NamedLoss named = NamedLoss.Load(
                    settings.Files, "--loss", lossText, run.ShownShape, settings.Dtype, settings.Device);
                run.Expect(run.Start.shape);
                return run.Sampling.Gradient(
                    run.Start,
                    named.Function,
                    chosen,
                    keepsStates: methodText is "discrete" or "unrolled",
                    parsed.GetValue(byStep),
                    run.Progress("gradient"),
                    Cancellation);
            },
            start: null,
            ("loss", lossText),
            ("method", methodText),
            ("adjointSteps", steps),
            ("trajectory", states));
    }
}
