using System.Diagnostics;
using Costate.Faces;
using Costate.Faces.Files;
using Costate.Faces.Guidance;
using Costate.Faces.Machines;
using Costate.Faces.Morphs;
using Costate.Faces.Pictures;
using Costate.Faces.Recognition;
using Costate.Faces.Reports;
using Costate.Faces.Sampling;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Guided;

/// <summary>Guides samples to one picture, and writes what came out.</summary>
internal sealed class GuideRun(Model model, Condition? ownCondition, Recogniser? recogniser, GuideRequest request)
{
    private const int FramesShown = 6;
    private const int SmallestShown = 128;

    // Of square pictures; null where the user's own say it.
    private readonly int? side = model.Shape is [3, long height, _] ? (int)height : null;

    /// <summary>Guides samples to a picture, and leaves the files in the folder to be committed.</summary>
    /// <param name="picture">[1, 3, height, width] in -1..1.</param>
    /// <param name="name">What it is called; null for none, of which only the size is known, as a loss of the user's may have it.</param>
    /// <param name="loss">From pictures [batch, 3, height, width] to one value for each: the user's, or of a prompt; null for that of the
    /// task.</param>
    /// <param name="folder">Where the files go.</param>
    /// <param name="progress">Told how much is done, from 0 to 1.</param>
    /// <param name="watch">Who looks on; null for nobody.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <exception cref="InvalidDataException">The picture of a code is none.</exception>
    internal GuideReport Run(
        Tensor picture,
        string? name,
        Func<Tensor, Tensor>? loss,
        OutputFolder folder,
        IProgress<double> progress,
        RunWatch? watch,
        CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        GuideTarget target = Target(picture, name is not null, loss);
        (Condition? condition, string? code) = Under(target, cancellationToken);
        var runner = new GuideRunner(model);
        using var frames = new GuideFrames(watch);
        double free = request.Plan.Steps;
        double share = request.Plan.Work(model) / (request.Plan.Work(model) + free);
        long began = Stopwatch.GetTimestamp();
        GuideOutcome outcome = runner.Run(
            request.Plan,
            target,
            condition,
            request.Seeds,
            part => progress.Report(share * part),
            frames,
            cancellationToken);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        GuideOutcome unguided = runner.Unguided(
            request.Plan,
            target,
            condition,
            request.Seeds,
            part => progress.Report(share + ((1 - share) * part)),
            cancellationToken);
        IReadOnlyList<GuideItem> items = GuideItem.Measure(outcome, target, recogniser);
        int best = Enumerable.Range(0, items.Count).MinBy(i => items[i].Loss ?? double.PositiveInfinity);
        var report = new GuideReport
        {
            Task = request.Task.Name,
            Method = request.Plan.Method.Name,
            Settings = request.Describe(
                [("model", model.Source), ("device", ComputeDevice.Said(model.Device)), ("picture", name), ("code", code)]),
            Seed = request.Seed,
            Samples = items,
            Best = items[best].Loss is null ? null : best,
            Unguided = GuideItem.Measure(unguided, target, recogniser),
            Losses = [.. outcome.Curve.Select(curve => curve.Select(loss => double.IsFinite(loss) ? loss : (double?)null).ToArray())],
            NetworkEvaluations = outcome.Cost.NetworkEvaluations,
            VectorJacobianProducts = outcome.Cost.VectorJacobianProducts,
            LossEvaluations = outcome.LossEvaluations,
            Seconds = Math.Round(seconds, 3),
        };
        byte[] result = PictureFile.Png(outcome.Samples[best], JsonReport.Text(report.Settings));
        File.WriteAllBytes(folder.Stage(GuideReport.ResultFile), result);

        // The last that the loss is asked about is the result itself, as a rule.
        WriteStrip(
            folder.Stage(GuideReport.StripFile),
            target,
            unguided.Samples,
            [.. frames.Take(FramesShown + 1).SkipLast(1)],
            outcome.Samples);
        File.WriteAllBytes(folder.Stage(GuideReport.LossFile), GuidePlot.Loss(report));
        return report;
    }

    // Where the network samples latents, an optimisation begins with those.
    private GuideTarget Target(Tensor input, bool isKnown, Func<Tensor, Tensor>? loss)
    {
        GuideTarget target = OfPictures(input, isKnown, loss);
        return model.ToLatents is null ? target : target with { Filled = model.ToLatents(target.Filled) };
    }

    private GuideTarget OfPictures(Tensor input, bool isKnown, Func<Tensor, Tensor>? loss)
    {
        Tensor pictures = input.expand(request.Samples, -1, -1, -1).contiguous();
        if (request.Task == GuideTask.Identity)
        {
            ArgumentNullException.ThrowIfNull(recogniser);
            return GuideTarget.Person(pictures, recogniser);
        }

        if (loss is not null)
        {
            return GuideTarget.Own(pictures, loss, isKnown) with { Task = request.Task };
        }

        // All samples see one observation.
        ulong[] seeds = [.. Enumerable.Repeat(request.Seed, request.Samples)];
        if (!request.IsObserved)
        {
            return GuideTarget.Degraded(request.Task, request.Degradation, pictures, seeds);
        }

        int factor = request.Task == GuideTask.SuperResolution ? request.Degradation.Factor : 1;
        return GuideTarget.Observed(
            request.Task,
            request.Degradation,
            pictures,
            side ?? (factor * input.shape[2]),
            side ?? (factor * input.shape[3]));
    }

    private (Condition? Condition, string? Code) Under(GuideTarget target, CancellationToken cancellationToken)
    {
        if (model.Encode is null)
        {
            return (ownCondition is null ? null : Prompting.Spread(ownCondition, request.Samples), null);
        }

        string code = request.Code ?? (request.Task == GuideTask.Identity ? ExampleFaces.NameB : GuideCode.OfSeen);
        Tensor one = code switch
        {
            GuideCode.OfSeen => model.Encode((request.Task.IsMeasured ? target.Filled : target.Seen!).narrow(0, 0, 1)),
            GuideCode.Mean => GuideCode.MeanOf(model, cancellationToken),
            _ => model.Encode(FacePicture.Stack([Face(code, side!.Value)], side.Value).to(model.Device)),
        };
        return (one.expand(request.Samples, -1).contiguous(), code);
    }

    private FacePicture Face(string code, int size) =>
        request.Code is null ? ExampleFaces.Read(size).B : FacePicture.Read(code, request.ReadPicture(code), size);

    // A row for each sample: the picture, what is seen of it, without guidance, on the way, the result.
    private void WriteStrip(string path, GuideTarget target, Tensor unguided, IReadOnlyList<Tensor> frames, Tensor samples)
    {
        Tensor[] known = [.. ((Tensor?[])[target.Truth, target.Seen]).OfType<Tensor>()];
        Tensor[] columns = [.. known, unguided, .. frames, samples];
        Tensor rows = stack(columns, 1).flatten(0, 1);
        int scale = (int)Math.Max(1, SmallestShown / samples.shape[2]);
        ContactSheet.WriteFile(path, rows.repeat_interleave(scale, 2).repeat_interleave(scale, 3), columns.Length);
    }
}
