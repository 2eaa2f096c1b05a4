using System.Diagnostics;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Sharing;
using Costate.Faces;
using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using Costate.Faces.Recognition;
using Costate.Faces.Training;
using Costate.Faces.Training.TextToImage;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Generation;

/// <summary>
/// Draws faces by captions of people whom nothing was trained on, several at a time, and looks whether judges see what the captions
/// mention. Beside them are the real drawings of these people, and drawings of others. What is in the folder is not computed again.
/// </summary>
/// <param name="pipeline">The text-to-image model.</param>
/// <param name="judges">Of attributes; no loss has seen them.</param>
/// <param name="settings">What all prompts have in common.</param>
/// <param name="folder">Where pictures are kept.</param>
/// <param name="progress">Told of each step.</param>
internal sealed class GenerationRun(
    DiffusionPipeline pipeline,
    AttributeJudges judges,
    GenerationSettings settings,
    GenerationFolder folder,
    IProgress<StageProgress>? progress)
{
    /// <summary>The person of the first prompt; the others follow.</summary>
    internal const ulong FirstIdentity = DrawnFaces.FirstHeldOut + 460_000;

    /// <summary>The first of those whose drawings pictures are compared with.</summary>
    internal const ulong FirstOther = DrawnFaces.FirstHeldOut + 900_000;

    /// <summary>Begins the folder, or goes on with one of the same contents.</summary>
    /// <param name="division">Which of the prompts.</param>
    /// <param name="scales">Scales of guidance.</param>
    /// <param name="prompts">How many prompts all shards have.</param>
    /// <exception cref="InvalidDataException">The folder has another study.</exception>
    internal (EvaluationContents Contents, WorkItems Items) Begin(Division division, IReadOnlyList<double> scales, int prompts)
    {
        string weights = Calibration.Digest(Path.Combine(pipeline.Source, TextModelFolder.UnetFile));
        var wanted = new EvaluationContents
        {
            Study = folder.Study,
            Settings = settings.Describe(weights, Device),
            Shard = division.Shard.ToString(),
            Methods = Sources(scales).ToDictionary(source => source.Method, _ => prompts),
        };
        return folder.Begin(wanted, division);
    }

    /// <summary>Makes what is missing, several pictures at a time.</summary>
    internal void Run(WorkItems items, IReadOnlyList<double> scales, int batchSize, CancellationToken cancellationToken)
    {
        (string Method, double? Scale)[] sources = [.. Sources(scales)];
        int left = folder.Missing(items.Left, [.. sources.Select(source => source.Method)]).Count();
        progress?.Report(new StageProgress(
            "generation",
            0,
            Announcement: $"{items.Total} prompts, {scales.Count} scales: {(items.Total * sources.Length) - left} pictures and drawings "
                + $"are there, {left} to make."));
        foreach (int[] prompts in items.Groups(batchSize, cancellationToken))
        {
            foreach ((int done, (string method, double? scale)) in sources.Index())
            {
                cancellationToken.ThrowIfCancellationRequested();
                int[] missing = [.. prompts.Where(prompt => !folder.Has(prompt, method))];
                double steps = 0;
                if (missing.Length > 0)
                {
                    var step = new Listener<StepProgress>(_ => Tell(done + Math.Min(1, ++steps / settings.Steps)));
                    Add(method, scale, missing, step, cancellationToken);
                }

                Tell(done + 1);

                void Tell(double finished) => progress?.Report(new StageProgress(
                    "generation", items.Share(finished / sources.Length, prompts.Length), $"prompt {prompts[0] + 1}, {method}"));
            }
        }
    }

    private Device Device => pipeline.Network.parameters().First().device;

    private static IEnumerable<(string Method, double? Scale)> Sources(IReadOnlyList<double> scales) =>
    [
        (GeneratedPicture.Drawing, null),
        (GeneratedPicture.Other, null),
        .. scales.Select(scale => (GeneratedPicture.KeyOf(scale), (double?)scale)),
    ];

    private void Add(
        string method, double? scale, int[] prompts, IProgress<StepProgress> step, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        FaceCaption[] captions = [.. prompts.Select(prompt => FaceCaption.Of(Person(prompt).Identity, Person(prompt).Circumstance))];
        long began = Stopwatch.GetTimestamp();
        Tensor pictures = scale is double guidance
            ? Drawn(guidance, prompts, [.. captions.Select(c => c.Text)], step, cancellationToken)
            : Drawings(prompts, method == GeneratedPicture.Drawing ? FirstIdentity : FirstOther);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds / prompts.Length;
        IReadOnlyList<IReadOnlyDictionary<string, string>> seen = judges.Of(pictures);
        foreach ((int i, int prompt) in prompts.Index())
        {
            folder.Add(
                new GeneratedPicture
                {
                    Prompt = prompt,
                    Identity = Person(prompt).Identity,
                    Text = captions[i].Text,
                    Method = method,
                    GuidanceScale = scale,
                    Mentioned = captions[i].Mentioned.ToDictionary(m => m.Attribute, m => m.Value),
                    Seen = seen[i],
                    Seconds = Math.Round(seconds, 4),
                },
                pictures[i]);
        }
    }

    // Judges are on the processor, wherever the pipeline is.
    private Tensor Drawn(
        double scale, int[] prompts, IReadOnlyList<string> texts, IProgress<StepProgress> step, CancellationToken cancellationToken)
    {
        Tensor noise = pipeline.DrawStart(
            NoiseSeeds.OfItems(prompts.Select(prompt => (ulong)prompt)), AttributeJudges.Side, AttributeJudges.Side, prompts.Length);
        Tensor latents = pipeline.Sampler(settings.Steps, scale)
            .Sample(noise, pipeline.Condition(texts), progress: step, cancellationToken: cancellationToken);
        return pipeline.Decode(latents).clamp(-1, 1).cpu();
    }

    private static Tensor Drawings(int[] prompts, ulong first) =>
        cat([.. prompts.Select(prompt => FaceData.HeldOut(One, first + (ulong)prompt))], 0);

    private static (ulong Identity, ulong Circumstance) Person(int prompt) => One.Seeds(FirstIdentity + (ulong)prompt)[0];

    private static FaceSelection One { get; } = new() { Identities = 1, Circumstances = 1, Size = AttributeJudges.Side };
}
