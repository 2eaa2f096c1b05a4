using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Files;
using Costate.Cli.Names;
using Costate.Cli.Terminals;
using Costate.Faces;
using Costate.Faces.Files;
using Costate.Faces.Names;
using Costate.Faces.Reports;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Sampling;

/// <summary><c>costate gradient</c>: the gradient of a loss on samples.</summary>
internal sealed class GradientCommand : DocumentedCommand
{
    internal const string TensorFile = "gradient.safetensors";

    private readonly Terminal terminal;
    private readonly CancellationToken cancellationToken;
    private readonly SamplingOptions options = new("costate-gradient");
    private readonly Option<string> loss = new("--loss")
    {
        HelpName = "LOSS",
        Description = $"The loss of each sample: {NamedLoss.Form}.",
        Required = true,
    };
    private readonly Option<string> method = new("--method")
    {
        HelpName = "METHOD",
        Description = "How the gradient is found; see below.",
        DefaultValueFactory = _ => "discrete",
    };
    private readonly Option<int?> adjointSteps = CommonOptions.Whole(
        "--adjoint-steps",
        1,
        Limits.Steps,
        "Steps of adjoint-deis. [default: those of the sampler]");
    private readonly Option<string?> trajectory = SamplingOptions.Text(
        "--trajectory",
        "KIND",
        $"Where adjoint-deis takes the states from: {string.Join(", ", NamedMethod.Trajectories.Select(t => t.Name))}. "
            + "[default: recorded, or interpolated with --adjoint-steps]");

    [SetsRequiredMembers]
    internal GradientCommand(Terminal terminal, CancellationToken cancellationToken)
        : base("gradient", "Draws samples and the gradient of a loss on them, with respect to the start noise and the condition.")
    {
        (this.terminal, this.cancellationToken) = (terminal, cancellationToken);
        Notes =
        [
            NamedMethod.Table(),
            .. SamplingOptions.Notes,
            "A TorchScript loss is a program, as the model is: it maps x [batch, ...] to one value for each item, [batch]. "
                + "The built-in ones: sum of a sample's values, mean-square of them, mse against a target.",
            $"Files: {TensorFile} (sample, loss, start_noise, start_noise_gradient, and with a condition condition and "
                + $"condition_gradient), {RunReport.FileName} (settings, loss, cost), and for images sample.png, "
                + "of several sample-1.png and so on and sheet.png.",
        ];
        Examples =
        [
            new(
                "Towards a target, exactly",
                "costate gradient --model denoiser.ts.pt --schedule vp-linear --prediction noise \\\n--condition cond.safetensors --shape "
                    + "3,8,8 --batch 2 --loss mse:target.safetensors"),
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
        ];
        options.AddTo(this);
        Options.Insert(3, loss);
        Options.Insert(4, method);
        Options.Insert(5, adjointSteps);
        Options.Insert(6, trajectory);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        SamplingSettings settings = options.Parse(parsed, new InputFiles(terminal, cancellationToken));
        settings.Plan.WarnOfIgnored(terminal);
        (string lossText, string methodText) = (parsed.GetValue(loss)!, parsed.GetValue(method)!);
        GradientMethod chosen = NamedMethod.Parse(
            methodText,
            settings.Plan.Solver,
            parsed.GetValue(adjointSteps),
            parsed.GetValue(trajectory));
        using OutputFolder folder = OutputFolder.Prepare(settings.Output, TensorFile, RunReport.FileName);
        using var session = new SamplingSession(settings);
        using NamedLoss chosenLoss = NamedLoss.Load(settings.Files, lossText, session.Start.shape, settings.Dtype);
        if (methodText is "discrete" or "unrolled")
        {
            AvailableMemory.Require(
                "steps",
                $"{settings.Plan.Grid.Steps} with a state kept of each",
                (double)settings.Plan.Grid.Steps * session.Start.numel() * session.Start.element_size(),
                "Take the method revolve:SLOTS, fewer steps, or a smaller batch.");
        }

        SamplePictures? pictures = SamplePictures.For(session.Start.shape);
        folder.Expect(pictures?.Names ?? []);

        SampleGradient gradient;
        using (var line = new ProgressLine(terminal, "gradient", total: 1))
        {
            gradient = session.Sampler.Gradient(
                session.Start,
                session.Condition,
                chosenLoss.Function,
                chosen,
                session.Noise,
                progress: new RunProgress(line, hasGradient: true),
                cancellationToken: cancellationToken);
        }

        SortedDictionary<string, Setting> described = settings.Describe(
            session.Start.shape,
            ("loss", lossText),
            ("method", methodText),
            ("adjointSteps", parsed.GetValue(adjointSteps)),
            ("trajectory", parsed.GetValue(trajectory)));
        session.Write(folder.Stage(TensorFile), Tensors(session, gradient), Name, described, cancellationToken);
        pictures?.Write(gradient.Sample, folder, cancellationToken);
        RunReport report = session.Report(Name, described, folder) with
        {
            Loss = [.. gradient.Loss.to(ScalarType.Float64).data<double>()],
            Cost = gradient.Cost,
        };
        report.Finish(folder, settings.Json, terminal, cancellationToken);
        return ExitCode.Done;
    }

    private static Dictionary<string, Tensor> Tensors(SamplingSession session, SampleGradient gradient)
    {
        var tensors = new Dictionary<string, Tensor>
        {
            ["sample"] = gradient.Sample,
            ["loss"] = gradient.Loss,
            ["start_noise"] = session.Start,
            ["start_noise_gradient"] = gradient.StartNoise,
        };
        if (session.Condition is not null)
        {
            tensors["condition"] = session.Condition;
        }

        if (gradient.Condition is not null)
        {
            tensors["condition_gradient"] = gradient.Condition;
        }

        return tensors;
    }
}
