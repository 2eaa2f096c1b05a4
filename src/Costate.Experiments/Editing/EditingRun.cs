using System.Diagnostics;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Sharing;
using Costate.Faces;
using Costate.Faces.Captions;
using Costate.Faces.Recognition;
using Costate.Faces.Training.TextToImage;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Editing;

/// <summary>Edits faces by prompt, several at a time; what is in the folder is not computed again.</summary>
/// <param name="pipeline">The text-to-image model.</param>
/// <param name="measures">Judges.</param>
/// <param name="settings">What all faces and methods have in common.</param>
/// <param name="folder">Where results are kept.</param>
/// <param name="progress">Told of each step.</param>
internal sealed class EditingRun(
    DiffusionPipeline pipeline,
    EditingMeasures measures,
    EditingSettings settings,
    EditingFolder folder,
    IProgress<StageProgress>? progress)
{
    /// <summary>Begins the folder, or goes on with one of the same contents.</summary>
    /// <param name="division">Which of the faces.</param>
    /// <param name="methods">What is compared.</param>
    /// <param name="steps">At how many steps each.</param>
    /// <param name="faces">How many faces all shards have.</param>
    /// <exception cref="InvalidDataException">The folder has another study.</exception>
    internal (EvaluationContents Contents, WorkItems Items) Begin(
        Division division, IReadOnlyList<EditingMethod> methods, IReadOnlyList<int> steps, int faces)
    {
        string weights = Calibration.Digest(Path.Combine(pipeline.Source, TextModelFolder.UnetFile));
        var wanted = new EvaluationContents
        {
            Study = folder.Study,
            Settings = settings.Describe(weights, Device),
            Shard = division.Shard.ToString(),
            Methods = methods.SelectMany(m => steps, EditingResult.KeyOf).ToDictionary(key => key, _ => faces),
        };
        return folder.Begin(wanted, division);
    }

    /// <summary>Computes what is missing, several faces at a time.</summary>
    internal void Run(
        WorkItems items,
        IReadOnlyList<EditingMethod> methods,
        IReadOnlyList<int> steps,
        int batchSize,
        CancellationToken cancellationToken)
    {
        int left = folder.Missing(items.Left, [.. methods.SelectMany(m => steps, EditingResult.KeyOf)]).Count();
        int all = items.Total * methods.Count * steps.Count;
        progress?.Report(new StageProgress(
            "editing",
            0,
            Announcement: $"{items.Total} faces, {methods.Count} methods, {steps.Count} numbers of steps: {all - left} results are there, "
                + $"{left} to compute."));
        foreach (int[] faces in items.Groups(batchSize, cancellationToken))
        {
            (EditingMethod Method, int Steps, int[] Faces)[] work =
            [
                .. from count in steps.Order()
                   from method in methods
                   let missing = faces.Where(face => !folder.Has(face, EditingResult.KeyOf(method, count))).ToArray()
                   where missing.Length > 0
                   select (method, count, missing),
            ];
            double total = Math.Max(1, work.Sum(w => Work(w.Method, w.Steps, w.Faces.Length))), done = 0;
            foreach ((EditingMethod method, int count, int[] some) in work)
            {
                string note = $"face {some[0] + 1}, {method.Label}, {count} steps";
                double whole = Work(method, count, some.Length), told = 0;
                var step = new Listener<StepProgress>(_ => Tell(note, Math.Min(whole, told += some.Length)));
                Add(method, count, some, step, cancellationToken);
                done += whole;
                Tell(note, 0);
            }

            void Tell(string note, double more) =>
                progress?.Report(new StageProgress("editing", items.Share((done + more) / total, faces.Length), note));
        }
    }

    private Device Device => pipeline.Network.parameters().First().device;

    private void Add(
        EditingMethod method,
        int steps,
        int[] faces,
        IProgress<StepProgress> step,
        CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        FaceEdit[] edits = [.. faces.Select(EditedFaces.Edit)];
        (Tensor pictures, Tensor truths) = (EditedFaces.Pictures(edits, cancellationToken), EditedFaces.Truths(edits, cancellationToken));
        Tensor latents = pipeline.Encode(pictures.to(Device));
        (string Source, string Target)[] captions = [.. edits.Select(edit => edit.Captions())];
        string[] asked = [.. captions.Select(c => c.Target)];
        Condition before = pipeline.Condition([.. captions.Select(c => c.Source)]);
        Condition after = pipeline.Condition(asked);
        Sampler sampler = pipeline.Sampler(steps * method.StepFactor, settings.GuidanceScale, solver: method.Solver);
        Sampler editor = pipeline.Sampler(steps * method.StepFactor, settings.EditScale, solver: method.Solver);
        NoiseSeeds seeds = NoiseSeeds.OfItems(faces.Select(face => (ulong)face));
        BrownianPath? path = method.Solver.IsStochastic && !method.EncodesNoise ? BrownianPath.PerStep(seeds) : null;
        long began = Stopwatch.GetTimestamp(), evaluations = 0;
        var counted = new Listener<StepProgress>(value => step.Report(Counted(value)));
        NoiseState state = method.EncodesNoise
            ? sampler.EncodeNoise(latents, before, seeds, counted, cancellationToken)
            : sampler.Invert(latents, before, path, counted, cancellationToken);
        BrownianPath? drawn = state is EncodedNoise encoded ? encoded.Path : path;
        Tensor edited = Decoded(editor, state, after, counted);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds / faces.Length;
        long made = evaluations;
        Tensor back = Decoded(sampler, state, before, step);

        // Judges are on the processor, wherever the pipeline is.
        Tensor Picture(Tensor latent) => pipeline.Decode(latent).clamp(-1, 1).cpu();
        Tensor shown = Picture(edited), codec = Picture(latents), reconstructed = Picture(back);
        IReadOnlyList<IReadOnlyDictionary<string, string>> seen = measures.Seen(shown), seenBefore = measures.Seen(codec);
        double[] latentErrors = EditingMeasures.Errors(back, latents), pictureErrors = EditingMeasures.Errors(reconstructed, codec);
        double[] outside = EditingMeasures.OutsideErrors(shown, pictures, truths);
        double[] floor = EditingMeasures.OutsideErrors(codec, pictures, truths);
        double[] similar = measures.Similarities(shown, codec);
        double[] clip = measures.ClipScores(shown, asked);
        foreach ((int i, FaceEdit edit) in edits.Index())
        {
            string[] others = [.. seen[i].Keys.Where(name => name != edit.Attribute.Name)];
            folder.Add(
                new EditingResult
                {
                    Face = faces[i],
                    Identity = edit.Identity,
                    Method = EditingResult.KeyOf(method, steps),
                    Name = method.Id,
                    Steps = steps,
                    Attribute = edit.Attribute.Name,
                    From = edit.From,
                    To = edit.To,
                    LatentError = latentErrors[i],
                    PictureError = pictureErrors[i],
                    Seen = seen[i][edit.Attribute.Name],
                    Kept = others.Count(name => seen[i][name] == seenBefore[i][name]),
                    Others = others.Length,
                    OutsideError = outside[i],
                    CodecError = floor[i],
                    IdentitySimilarity = similar[i],
                    ClipScore = clip[i],
                    NetworkEvaluations = made,
                    Seconds = Math.Round(seconds, 4),
                },
                shown[i]);
        }

        Tensor Decoded(Sampler by, NoiseState noise, Condition text, IProgress<StepProgress> told) => (noise is EncodedNoise
            ? by.Sample(noise.Start, text, drawn, told, cancellationToken)
            : by.Sample(noise, text, drawn, told, cancellationToken)).to(latents.dtype);

        StepProgress Counted(StepProgress value)
        {
            evaluations++;
            return value;
        }
    }

    // Inversion, and decoding twice.
    private static double Work(EditingMethod method, int steps, int faces) =>
        3.0 * steps * method.StepFactor * method.EvaluationsPerStep * faces;
}
