using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments.Guided;
using Costate.Faces.Files;
using Costate.Faces.Guidance;
using Costate.Faces.Inputs;
using Costate.Faces.Models;
using Costate.Faces.Morphs;
using Costate.Faces.Names;
using Costate.Faces.Reports;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Guide;

/// <summary><c>costate guide</c>: samples that fit what is known of a picture, or lower any loss.</summary>
internal sealed class GuideCommand : ComputingCommand
{
    private readonly GuideOptions options = new();
    private readonly GuideModelOptions modelOptions = new();
    private readonly Argument<string?> picture = new("IMAGE")
    {
        Description =
            "A face, PNG, JPEG or WebP of any size: the middle square is taken; - is the standard input. Without it, a bundled example. "
                + "With --observed or a denoiser of yours it is taken as it is; for a pipeline its middle of --size, and a prompt or a "
                + "loss of yours needs none.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly RunOptions common = new(
        CommonOptions.Output("costate-guide"),
        "Threads of torch. One is fastest for the embedded model. [default: 1, with --model all cores]");

    internal GuideCommand(CommandContext context)
        : base(context, "guide", "Guides samples to what is known of a picture, to a person, or to a loss of yours, without training.")
    {
        Notes =
        [
            "The image is degraded as --task says, unless it is degraded already (--observed), and samples are guided until they would "
                + "look the same degraded. For identity a recogniser shall see the person of the image; the code is that of another. "
                + "For prompt the embedded text-to-image model is told nothing, and a CLIP pair shall find what --prompt says in its "
                + "pictures.",
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
            new("Your own picture with a mask of yours, two samples",
                "costate guide face.png --task inpaint --mask mask.png --method dps --steps 200 --samples 2"),
            new("Four times as large, the loss taken four steps ahead",
                "costate guide face.png --task super-resolution --lookahead 4 --steps 50"),
            new("Deblur by end-to-end optimisation of noise and code",
                "costate guide face.png --task deblur --blur 3 --method end-to-end --iterations 20"),
            new("Another face until a recogniser sees the person of this one",
                "costate guide face.png --task identity --code other-face.png --method freedom"),
            new("A face that a CLIP pair takes for the words, by a model that is not told them",
                "costate guide --task prompt --prompt \"a person with red hair and glasses\" --steps 20"),
            new("Stable Diffusion and a loss of your own, on the decoded picture",
                "costate guide --model stable-diffusion-v1-5 --prompt \"a photograph of a horse\" \\\n--loss brightness.ts.pt --size "
                    + "256x256 --steps 20 --strength 0.5") { TakesLong = true },
            new("A model and a loss of your own",
                "costate guide picture.png --task custom-torchscript-loss --loss loss.ts.pt --model denoiser.ts.pt \\\n--schedule "
                    + "vp-linear --prediction data --condition cond.safetensors --steps 20 --strength 1"),
        ];
        Arguments.Add(picture);
        AddAll([.. options.All, .. modelOptions.All, .. common.All]);

        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        InputFiles files = NewInputs();
        GuideRequest request = options.Parse(parsed, files);
        Device on = modelOptions.Device(parsed);
        Func<InputFiles, CommandContext, GuidedModel>? own = modelOptions.Parse(parsed, files, request.Task);
        if (own is not null)
        {
            CheckFaces(request);
            CheckPicture(request, modelOptions.Pipeline(parsed, request.Task) is not null, parsed.GetValue(picture) is not null);
        }

        return Produce(common.Of(parsed, threads: own is null ? 1 : null), GuideReport.AllFiles, folder =>
        {
            using FaceModel? faces = own is null ? Context.Faces(modelOptions.Weights(parsed), on) : null;
            GuidedModel guided = own is null ? new(faces!.Model, null, Size: null, Told: []) : own(files, Context);
            using GuidedModel? users = own is null ? null : guided;
            string? named = parsed.GetValue(picture);
            Tensor input = guided.Input(named, request, files)?.to(on)
                ?? throw new UsageException("Got no picture; --observed needs one.");
            using TorchScript? loss = request.Loss is null ? null
                : TorchScript.Load("--loss", request.Loss, ScalarType.Float32, on);
            using var line = new ProgressLine(Terminal, "guiding", total: 1);
            GuideReport report = new GuideRun(guided.Model, guided.Condition, faces?.Attack, request with { Told = guided.Told }).Run(
                input,
                named ?? (own is null ? ExampleFaces.NameA : null),
                loss is null ? guided.Unlikeness : x => loss.Call(x),
                folder,
                line,
                Terminal.Watch,
                Cancellation);
            return new Outcome(JsonReport.Text(report), GuideReport.FileName, to =>
            {
                to.Write(GuideTable.Of(report));
                to.Write(report.Summary());
            })
            { Failed = Diverged(report) };
        });
    }

    // What is known of the embedded model's pictures alone.
    private static void CheckFaces(GuideRequest request)
    {
        UsageException.ThrowIf(
            request.Task == GuideTask.Identity,
            "Got --task identity with --model; the recogniser knows the pictures of the embedded model alone. "
                + "Take --task custom-torchscript-loss with a recogniser of yours.");

        UsageException.ThrowIf(request.Code is not null, "Got --code with --model; the codes are of the embedded model. Give --condition.");
    }

    // A loss alone needs no picture where the size is known without it.
    private static void CheckPicture(GuideRequest request, bool isPipeline, bool isThere)
    {
        if (!isThere && !(isPipeline && request.Task.NeedsNoPicture && !request.IsObserved))
        {
            string what = request.IsObserved ? "--observed" : isPipeline ? $"--task {request.Task.Name}" : "--model";
            throw new UsageException($"Got no picture; {what} needs one.");
        }

        UsageException.ThrowIf(
            isPipeline && request.Plan.Clip is not null,
            "Got --clip with a pipeline, whose predictions are latents and no pictures. Leave it out.");
    }

    private bool Diverged(GuideReport report)
    {
        foreach ((int i, GuideItem item) in report.Samples.Index().Where(s => s.Item.Diverged is not null))
        {
            Terminal.Error.WriteLine(
                $"Sample {i} diverged at {item.Diverged}. Use a smaller --strength than {report.Settings["strength"]}, or more --steps.");
        }

        return report.Samples.Any(item => item.Diverged is not null);
    }
}
