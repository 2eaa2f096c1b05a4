using System.Diagnostics;
using Costate.Faces.Models;
using Costate.Faces.Names;
using Costate.Faces.Recognition;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Morphs;

/// <summary>Morphs pairs of faces, several at a time, which do not depend on each other.</summary>
internal sealed class MorphRun
{
    private readonly FaceModel model;
    private readonly MorphSettings settings;
    private readonly Morphing morphing;

    /// <summary>Prepares the samplers.</summary>
    /// <exception cref="ArgumentException">The settings do not go together.</exception>
    internal MorphRun(FaceModel model, MorphSettings settings)
    {
        (this.model, this.settings) = (model, settings);
        Sampler sampler = SamplerOf(settings.Steps);
        morphing = new Morphing(sampler, model.Attack.Embed, settings.EncodingSteps is int steps ? SamplerOf(steps) : null);
    }

    /// <summary>Morphs pairs.</summary>
    /// <param name="pairs">The faces.</param>
    /// <param name="progress">Told how much of this run is done, and the best loss so far, on average.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <returns>One outcome for each pair, its tensors in the caller's scope.</returns>
    internal IReadOnlyList<MorphOutcome> Run(
        IReadOnlyList<(FacePicture A, FacePicture B)> pairs,
        Action<double, double?> progress,
        CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        (Tensor a, Tensor b) = (
            FacePicture.Stack(pairs.Select(p => p.A), model.Side).to(model.Device),
            FacePicture.Stack(pairs.Select(p => p.B), model.Side).to(model.Device));
        var seeds = NoiseSeeds.OfItems(pairs.Select(_ => settings.Seed));
        var share = new MorphShare(settings);
        MorphingEnds ends = morphing.Encode(
            a,
            b,
            model.Model.Encode!,
            seeds,
            new Listener<StepProgress>(step => progress(share.Encoded(step), null)),
            cancellationToken);
        using var frames = new MorphFrames(settings.Optimisation.Iterations);
        var listener = new Listener<OptimisationProgress>(step =>
        {
            frames.Add(step);
            progress(share.Optimised(step.Iteration), step.Best.Average());
        });
        OptimisedLatent best = morphing.Run(
            ends,
            settings.Optimisation with
            {
                InjectedNoiseSeeds = seeds,
            },
            settings.Blend,
            listener,
            cancellationToken);
        Tensor morphs = Rounded(best.Sample);
        Recogniser[] recognisers = [model.Attack, .. model.Judges];
        IReadOnlyList<MorphSimilarity>[] ofMorphs = Judge(recognisers, morphs, a, b);
        IReadOnlyList<MorphSimilarity>[] ofBlends = Judge(
            recognisers,
            Rounded(stack(pairs.Select((_, i) => frames.Of(i)[0].Sample)).to(model.Device)),
            a,
            b);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds / pairs.Count;
        return [.. pairs.Select((_, i) => new MorphOutcome
        {
            A = a[i].cpu().MoveToOuterDisposeScope(),
            B = b[i].cpu().MoveToOuterDisposeScope(),
            Morph = morphs[i].cpu().MoveToOuterDisposeScope(),
            Frames = [.. frames.Of(i).Select(f => f with { Sample = f.Sample.alias().MoveToOuterDisposeScope() })],
            Losses = [.. best.Losses[TensorIndex.Ellipsis, i].cpu().contiguous().data<double>().TakeWhile(double.IsFinite)],
            BestIteration = best.BestIteration[i],
            Similarities = ofMorphs[i],
            Blend = new MorphBlend(frames.Of(i)[0].Loss, ofBlends[i]),
            Cost = new MorphCost(ends.NetworkEvaluations, best.NetworkEvaluations[i], seconds),
        })];
    }

    private Sampler SamplerOf(int steps) =>
        new(
            model.Model.Denoiser,
            model.Model.Schedule,
            settings.Solver,
            NamedGrid.Parse(settings.GridName, model.Model.Schedule, steps, 1, 1e-3));

    private static Tensor Rounded(Tensor faces) => faces.add(1).mul_(127.5).round_().clamp_(0, 255).div_(127.5).sub_(1);

    // For each pair.
    private static IReadOnlyList<MorphSimilarity>[] Judge(Recogniser[] recognisers, Tensor morphs, Tensor a, Tensor b)
    {
        double[][][] similarities = [.. recognisers.Select(r => Similarities(r, morphs, a, b))];
        return [.. Enumerable.Range(0, (int)morphs.shape[0]).Select(Of)];

        IReadOnlyList<MorphSimilarity> Of(int i) =>
        [
            .. recognisers.Zip(similarities).Index().Select(at =>
            {
                (Recogniser r, double[][] its) = at.Item;
                return new MorphSimilarity(r.Name, at.Index > 0, r.Threshold, its[0][i], its[1][i], its[2][i]);
            }),
        ];
    }

    private static double[][] Similarities(Recogniser recogniser, Tensor morphs, Tensor a, Tensor b)
    {
        (Tensor m, Tensor x, Tensor y) = (recogniser.Embed(morphs), recogniser.Embed(a), recogniser.Embed(b));
        return [Cosines(m, x), Cosines(m, y), Cosines(x, y)];
    }

    private static double[] Cosines(Tensor a, Tensor b) =>
        [.. nn.functional.cosine_similarity(a, b, 1, 1e-12).to(ScalarType.Float64).cpu().data<double>()];
}
