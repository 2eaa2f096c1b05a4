using System.Diagnostics;
using Costate.Cli.Commands.Morph;
using Costate.Cli.Files;
using Costate.Faces.Files;
using Costate.Faces.Guidance;
using Costate.Faces.Morphs;
using Costate.Faces.Pictures;
using Costate.Faces.Recognition;
using Costate.Faces.Reports;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Guide;

/// <summary>Guides samples to one picture, and writes what came out.</summary>
internal sealed class GuideRun(Model model, Tensor? ownCondition, Recogniser? recogniser, GuideSettings settings)
{
    private const int FramesShown = 6;
    private const int SmallestShown = 128;

    // Of square pictures; null where the user's own say it.
    private readonly int? side = model.Shape is [3, long height, _] ? (int)height : null;

    /// <summary>
    /// Guides samples to the user's picture, or to a bundled face if that is null, and leaves the files in the folder to be committed.
    /// </summary>
    /// <exception cref="CommandException">A file is missing or does not fit.</exception>
    internal GuideReport Run(string? picture, OutputFolder folder, Action<double> progress, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor input = Input(picture);
        using TorchScript? script = settings.Loss is null ? null : TorchScript.Load("--loss", settings.Loss, ScalarType.Float32);
        GuideTarget target = Target(input, script);
        (Tensor? condition, string? code) = Condition(target, cancellationToken);
        var runner = new GuideRunner(model);
        using var frames = new GuideFrames();
        double free = settings.Plan.Steps;
        double share = settings.Plan.Work(model) / (settings.Plan.Work(model) + free);
        long began = Stopwatch.GetTimestamp();
        GuideOutcome outcome = runner.Run(
            settings.Plan,
            target,
            condition,
            settings.Seeds,
            part => progress(share * part),
            frames,
            cancellationToken);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        GuideOutcome unguided = runner.Unguided(
            settings.Plan,
            target,
            condition,
            settings.Seeds,
            part => progress(share + ((1 - share) * part)),
            cancellationToken);
        IReadOnlyList<GuideItem> items = GuideItem.Measure(outcome, target, recogniser);
        int best = Enumerable.Range(0, items.Count).MinBy(i => items[i].Loss ?? double.PositiveInfinity);
        var report = new GuideReport
        {
            Task = settings.Task.Name,
            Method = settings.Plan.Method.Name,
            Settings = settings.Describe([("model", model.Source), ("picture", picture ?? ExampleFaces.NameA), ("code", code)]),
            Seed = settings.Seed,
            Samples = items,
            Best = items[best].Loss is null ? null : best,
            Unguided = GuideItem.Measure(unguided, target, recogniser),
            Losses = [.. outcome.Curve.Select(curve => curve.Select(loss => double.IsFinite(loss) ? loss : (double?)null).ToArray())],
            NetworkEvaluations = outcome.Cost.NetworkEvaluations,
            VectorJacobianProducts = outcome.Cost.VectorJacobianProducts,
            LossEvaluations = outcome.LossEvaluations,
            Seconds = Math.Round(seconds, 3),
        };
        File.WriteAllBytes(folder.Stage(GuideReport.ResultFile), PictureFile.Png(outcome.Samples[best]));

        // The last that the loss is asked about is the result itself, as a rule.
        WriteStrip(
            folder.Stage(GuideReport.StripFile),
            target,
            unguided.Samples,
            [.. frames.Take(FramesShown + 1).SkipLast(1)],
            outcome.Samples);
        File.WriteAllBytes(folder.Stage(GuideReport.LossFile), GuidePlot.Loss(report));
        File.WriteAllText(folder.Stage(GuideReport.FileName), JsonReport.Text(report) + '\n');
        return report;
    }

    // [1, 3, height, width].
    private Tensor Input(string? picture)
    {
        if (side is int faces && !settings.IsObserved)
        {
            FacePicture face = picture is null ? ExampleFaces.Read(faces).A : MorphInputs.Read(settings.Files, picture, faces);
            return FacePicture.Stack([face], faces);
        }

        return picture is not null
            ? ImageFile.Read($"the picture {picture}", settings.Files.Picture("the picture", picture), shape: null)
            : throw new UsageException($"Got no picture; {(settings.IsObserved ? "--observed" : "--model")} needs one.");
    }

    private GuideTarget Target(Tensor input, TorchScript? script)
    {
        Tensor pictures = input.expand(settings.Samples, -1, -1, -1).contiguous();
        if (settings.Task == GuideTask.Identity)
        {
            return recogniser is null
                ? throw new UsageException(
                    "Got --task identity with --model; the recogniser knows the pictures of the embedded model alone. "
                        + "Take --task custom-torchscript-loss with a recogniser of yours.")
                : GuideTarget.Person(pictures, recogniser);
        }

        if (script is not null)
        {
            return GuideTarget.Own(pictures, x => script.Call(x));
        }

        // All samples see one observation.
        ulong[] seeds = [.. Enumerable.Repeat(settings.Seed, settings.Samples)];
        if (!settings.IsObserved)
        {
            return GuideTarget.Degraded(settings.Task, settings.Degradation, pictures, seeds);
        }

        int factor = settings.Task == GuideTask.SuperResolution ? settings.Degradation.Factor : 1;
        return GuideTarget.Observed(
            settings.Task,
            settings.Degradation,
            pictures,
            side ?? (factor * input.shape[2]),
            side ?? (factor * input.shape[3]));
    }

    private (Tensor? Condition, string? Code) Condition(GuideTarget target, CancellationToken cancellationToken)
    {
        if (model.Encode is null)
        {
            return settings.Code is null
                ? (ownCondition?.expand([settings.Samples, .. ownCondition.shape.Skip(1)]).contiguous(), null)
                : throw new UsageException("Got --code with --model; the codes are of the embedded model. Give --condition.");
        }

        string code = settings.Code ?? (settings.Task == GuideTask.Identity ? ExampleFaces.NameB : GuideCode.OfSeen);
        Tensor one = code switch
        {
            GuideCode.OfSeen => model.Encode((settings.Task.IsMeasured ? target.Filled : target.Seen).narrow(0, 0, 1)),
            GuideCode.Mean => GuideCode.MeanOf(model, cancellationToken),
            _ => model.Encode(
                FacePicture.Stack(
                    [
                        settings.Code is null
                            ? ExampleFaces.Read(side!.Value).B
                            : MorphInputs.Read(settings.Files, code, side!.Value),
                    ],
                    side!.Value)),
        };
        return (one.expand(settings.Samples, -1).contiguous(), code);
    }

    // A row for each sample: the picture, what is seen of it, without guidance, on the way, the result.
    private void WriteStrip(string path, GuideTarget target, Tensor unguided, IReadOnlyList<Tensor> frames, Tensor samples)
    {
        Tensor[] columns = [.. target.Truth is null ? (Tensor[])[] : [target.Truth], target.Seen, unguided, .. frames, samples];
        Tensor rows = stack(columns, 1).flatten(0, 1);
        int scale = (int)Math.Max(1, SmallestShown / samples.shape[2]);
        ContactSheet.WriteFile(path, rows.repeat_interleave(scale, 2).repeat_interleave(scale, 3), columns.Length);
    }
}
