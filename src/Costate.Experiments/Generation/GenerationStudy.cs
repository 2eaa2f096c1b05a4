using Costate.Experiments.Evaluation;
using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using Costate.Faces.Models;
using Costate.Faces.Recognition;
using Costate.Faces.Training;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Generation;

/// <summary>
/// Draws faces by captions of people whom nothing was trained on, and looks whether judges see what the captions mention, and how far the
/// pictures are from real drawings. Beside it stands how the real drawings of these people do, and how far they are from those of others.
/// </summary>
/// <param name="pipeline">The text-to-image model.</param>
/// <param name="embedded">Judges, and the recogniser whose features count.</param>
/// <param name="prompts">How many prompts, at least 2.</param>
/// <param name="steps">Steps of its scheduler.</param>
internal sealed class GenerationStudy(DiffusionPipeline pipeline, EmbeddedModel embedded, int prompts, int steps)
{
    /// <summary>The person of the first prompt; the others follow, and after them those who the drawings are compared with.</summary>
    internal const ulong FirstIdentity = DrawnFaces.FirstHeldOut + 460_000;

    private const int Together = 8;

    private readonly FaceSelection people = new() { Identities = prompts, Circumstances = 1, Size = AttributeJudges.Side };

    /// <summary>The first pictures at each scale, real drawings first.</summary>
    internal List<Tensor> Shown { get; } = [];

    /// <summary>Measures real drawings, and what the model draws at each scale.</summary>
    internal IReadOnlyList<GenerationResult> Run(
        IReadOnlyList<double> guidanceScales, Action<double> progress, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        FaceCaption[] captions = [.. people.Seeds(FirstIdentity).Select(seed => FaceCaption.Of(seed.Identity, seed.Circumstance))];
        Tensor real = FaceData.HeldOut(people, FirstIdentity);
        Tensor reference = Features(FaceData.HeldOut(people, FirstIdentity + (ulong)prompts));
        List<GenerationResult> results = [Judged(null, captions, real, reference)];
        foreach ((int index, double scale) in guidanceScales.Index())
        {
            Tensor drawn = Drawn(scale, captions, share => progress((index + share) / guidanceScales.Count), cancellationToken);
            results.Add(Judged(scale, captions, drawn, reference));
        }

        return results;
    }

    private Tensor Drawn(double scale, FaceCaption[] captions, Action<double> progress, CancellationToken cancellationToken)
    {
        Sampler sampler = pipeline.Sampler(steps, scale);
        var parts = new List<Tensor>();
        int first = 0;
        foreach (FaceCaption[] some in captions.Chunk(Together))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            ulong[] seeds = [.. Enumerable.Range(first, some.Length).Select(i => (ulong)i)];
            Tensor noise = pipeline.DrawStart(seeds, AttributeJudges.Side, AttributeJudges.Side, some.Length);
            Tensor latents = sampler.Sample(
                noise, pipeline.Condition([.. some.Select(c => c.Text)]), cancellationToken: cancellationToken);
            parts.Add(pipeline.Decode(latents).clamp(-1, 1).MoveToOuterDisposeScope());
            first += some.Length;
            progress((double)first / captions.Length);
        }

        return cat(parts, 0);
    }

    private GenerationResult Judged(double? scale, FaceCaption[] captions, Tensor pictures, Tensor reference)
    {
        Shown.Add(pictures.narrow(0, 0, Math.Min(Together, pictures.shape[0])).clone().DetachFromDisposeScope());
        IReadOnlyList<IReadOnlyDictionary<string, string>> seen = embedded.Attributes.Of(pictures);
        (string Attribute, bool Right)[][] all =
        [
            .. captions.Zip(seen, (c, s) => c.Mentioned.Select(m => (m.Attribute, s[m.Attribute] == m.Value)).ToArray()),
        ];
        (string Attribute, bool Right)[] flat = [.. all.SelectMany(each => each)];
        return new GenerationResult(
            scale,
            FaceAttribute.All.ToDictionary(a => a.Name, a => MatchRate.Of(flat.Where(f => f.Attribute == a.Name).Select(f => f.Right))),
            MatchRate.Of(flat.Select(f => f.Right)),
            MatchRate.Of(all.Select(each => each.All(f => f.Right))),
            FeatureDistances.Of(Features(pictures), reference));
    }

    // The recogniser that chooses pairs has seen no picture of the model, and no loss has seen it. It takes faces of half the side.
    private Tensor Features(Tensor pictures) => cat(
        [.. pictures.split(Together * Together).Select(part => embedded.Pairs.Network.Embed(nn.functional.avg_pool2d(part, 2)))], 0);
}
