using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Files;
using Costate.Cli.Terminals;
using Costate.Faces.Files;
using Costate.Faces.Guidance;
using Costate.Faces.Models;
using Costate.Faces.Names;
using Costate.Faces.Reports;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;
using Option = System.CommandLine.Option;

namespace Costate.Cli.Commands.Guide;

/// <summary><c>costate guide</c>: samples that fit what is known of a picture, or lower any loss.</summary>
internal sealed class GuideCommand : DocumentedCommand
{
    private readonly Terminal terminal;
    private readonly Func<string?, FaceModel> load;
    private readonly CancellationToken cancellationToken;
    private readonly GuideOptions options = new();
    private readonly GuideModelOptions modelOptions = new();
    private readonly Argument<string?> picture = new("IMAGE")
    {
        Description =
            "A face, PNG, JPEG or WebP of any size: the middle square is taken; - is the standard input. Without it, a bundled example. "
                + "With --observed or --model it is taken as it is.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<string> output = CommonOptions.Output("costate-guide");
    private readonly Option<int?> threads = CommonOptions.Threads(
        "Threads of torch. One is fastest for the embedded model. [default: 1, with --model all cores]");
    private readonly Option<bool> json = CommonOptions.Json();

    [SetsRequiredMembers]
    internal GuideCommand(Terminal terminal, Func<string?, FaceModel> load, CancellationToken cancellationToken)
        : base("guide", "Guides samples to what is known of a picture, to a person, or to a loss of yours, without training.")
    {
        (this.terminal, this.load, this.cancellationToken) = (terminal, load, cancellationToken);
        Notes =
        [
            "The image is degraded as --task says, unless it is degraded already (--observed), and samples are guided until they would "
                + "look the same degraded. For identity a recogniser shall see the person of the image; the code is that of another.",
            GuideMethod.Table(),
            "Strengths: greedy, flowgrad and oc-flow take gradient steps of half the squared error, in a unit in which 1 never overshoots "
                + "where the prediction is the state itself. The others that sample descend the root of the squared error, "
                + "by so much in all their steps together (universal: in each). Of end-to-end, greedy-dim and red-diff it is Adam's "
                + "learning rate. Defaults suit the embedded model. The semantic code says most of what a face looks like: "
                + "that of a degraded image is a guess, from an encoder that has seen whole faces only. "
                + "The embedded networks were trained on drawn faces: they know people who do not exist, and no others.",
            NamedSchedule.Table(),
            $"Files: {GuideReport.ResultFile} (of several samples that with the lowest loss), {GuideReport.StripFile} (image, "
                + $"what is seen of it, without guidance, predictions on the way, result; a row a sample), {GuideReport.LossFile}, "
                + $"{GuideReport.FileName} (quality, cost, settings). A sample that diverges is reported, the others go on, "
                + "and the exit code is 1.",
        ];
        Examples =
        [
            new("Fill in the middle of a bundled face", "costate guide --task inpaint"),
            new(
                "Your own picture with a mask of yours, two samples",
                "costate guide face.png --task inpaint --mask mask.png --method dps --steps 200 --samples 2"),
            new(
                "Four times as large, the loss taken four steps ahead",
                "costate guide face.png --task super-resolution --lookahead 4 --steps 50"),
            new(
                "Deblur by end-to-end optimisation of noise and code",
                "costate guide face.png --task deblur --blur 3 --method end-to-end --iterations 20"),
            new(
                "Another face until a recogniser sees the person of this one",
                "costate guide face.png --task identity --code other-face.png --method freedom"),
            new(
                "A model and a loss of your own",
                "costate guide picture.png --task custom-torchscript-loss --loss loss.ts.pt --model denoiser.ts.pt \\\n--schedule "
                    + "vp-linear --prediction data --condition cond.safetensors --steps 20 --strength 1"),
        ];
        Arguments.Add(picture);
        options.AddTo(this);
        modelOptions.AddTo(this);
        foreach (Option option in (Option[])[threads, output, json])
        {
            Options.Add(option);
        }

        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        GuideSettings settings = options.Parse(parsed, new InputFiles(terminal, cancellationToken));
        Func<InputFiles, (Model Model, Tensor? Condition)>? own = modelOptions.Parse(parsed);
        using OutputFolder folder = OutputFolder.Prepare(parsed.GetValue(output)!, GuideReport.AllFiles);
        using var torchThreads = new TorchThreads(parsed.GetValue(threads) ?? (own is null ? 1 : null));
        using DisposeScope scope = NewDisposeScope();
        using FaceModel? faces = own is null ? load(modelOptions.Weights(parsed)) : null;
        (Model model, Tensor? condition) = own is null ? (faces!.Model, null) : own(settings.Files);
        using Model? users = own is null ? null : model;
        GuideReport report;
        using (var line = new ProgressLine(terminal, "guiding", total: 1))
        {
            report = new GuideRun(model, condition, faces?.Attack, settings).Run(
                parsed.GetValue(picture),
                folder,
                line.Report,
                cancellationToken);
        }

        cancellationToken.ThrowIfCancellationRequested();
        folder.Commit();
        if (parsed.GetValue(json))
        {
            terminal.Output.WriteLine(JsonReport.Text(report));
        }
        else
        {
            terminal.Write(GuideTables.Of(report));
            terminal.Write(
                $"{report.NetworkEvaluations} network evaluations, {report.VectorJacobianProducts} vector-Jacobian products, "
                    + $"{report.Seconds:0.0} s");
            terminal.Output.WriteLine($"{folder.FullName}: {string.Join(", ", report.Files)}");
        }

        return Diverged(report) ? ExitCode.Failed : ExitCode.Done;
    }

    private bool Diverged(GuideReport report)
    {
        foreach ((int i, GuideItem item) in report.Samples.Index().Where(s => s.Item.Diverged is not null))
        {
            terminal.Error.WriteLine(
                $"Sample {i} diverged at {item.Diverged}. Use a smaller --strength than {report.Settings["strength"]}, or more --steps.");
        }

        return report.Samples.Any(item => item.Diverged is not null);
    }
}
