using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Morphs;

/// <summary>
/// One image that a recogniser takes for both of two (DiM: Blasingame and Liu 2024; AdjointDEIS, section 5): both are encoded, their noise
/// is blended along a great circle and their codes along a line, and the blend is sampled and then optimised until its embedding is near
/// both.
/// </summary>
/// <remarks>
/// For research on the detection of morphing attacks and on recognisers that withstand them. Batched over pairs, which do not depend on
/// each other.
/// </remarks>
public sealed class Morphing
{
    private readonly Func<Tensor, Tensor> embedding;

    /// <summary>A morphing.</summary>
    /// <param name="sampler">
    /// Draws the morphs. A stochastic one encodes by CycleDiffusion, on its own grid. Of a reversible one the second state is left out, so
    /// that its way back to the images is no longer exact.
    /// </param>
    /// <param name="embedding">The recogniser: from images, [batch, ...], to embeddings, [batch, width], of any length;
    /// differentiable.</param>
    /// <param name="encoder">The sampler whose probability-flow ODE, run forwards, encodes the images. The default is
    /// <paramref name="sampler"/>.</param>
    /// <exception cref="ArgumentException">The sampler is stochastic and reversible, or an encoder of its own was given for a stochastic
    /// sampler, or one that is stochastic.</exception>
    public Morphing(Sampler sampler, Func<Tensor, Tensor> embedding, Sampler? encoder = null)
    {
        ArgumentNullException.ThrowIfNull(sampler);
        ArgumentNullException.ThrowIfNull(embedding);
        (Sampler, this.embedding, Encoder) = (sampler, embedding, encoder ?? sampler);
        if (sampler.Solver is { IsStochastic: true, IsReversible: true })
        {
            throw new ArgumentException(
                $"{sampler.Solver.Name} is stochastic and reversible: it needs both its states to come back to an image, "
                    + "and a blend that is optimised has one. Take a stochastic solver that is not reversible, or a deterministic one.",
                nameof(sampler));
        }

        if (Encoder != sampler && (sampler.Solver.IsStochastic || Encoder.Solver.IsStochastic))
        {
            throw new ArgumentException(
                $"Got the encoder {Encoder.Solver.Name} for the sampler {sampler.Solver.Name}; the noise of a stochastic sampler belongs "
                    + "to its own grid. Leave the encoder out, or take two deterministic ones.",
                nameof(encoder));
        }
    }

    /// <summary>Draws the morphs.</summary>
    public Sampler Sampler { get; }

    /// <summary>Encodes the images.</summary>
    public Sampler Encoder { get; }

    /// <summary>
    /// How far a morph is from both images: <c>d(m, a) + d(m, b) + |d(m, a) - d(m, b)|</c> with d one minus the cosine of the angle between
    /// embeddings (AdjointDEIS, eq. 17: twice the larger of the two distances). [batch]; 0 where all three point the same way.
    /// </summary>
    /// <param name="morph">Embeddings of the morphs, [batch, width].</param>
    /// <param name="a">Those of the first images.</param>
    /// <param name="b">Those of the second.</param>
    public static Tensor Loss(Tensor morph, Tensor a, Tensor b)
    {
        ArgumentNullException.ThrowIfNull(morph);
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        using DisposeScope scope = NewDisposeScope();
        (Tensor toA, Tensor toB) = (Distance(morph, a), Distance(morph, b));
        return toA.add(toB).add_(toA.sub(toB).abs()).MoveToOuterDisposeScope();
    }

    /// <summary>Encodes pairs of images whose codes are known.</summary>
    /// <param name="a">The first images, [pairs, ...].</param>
    /// <param name="b">The second images, of the same shape.</param>
    /// <param name="codeA">The codes of the first, [pairs, ...], floating point; null where the network takes none.</param>
    /// <param name="codeB">The codes of the second.</param>
    /// <param name="seed">For a stochastic sampler, one seed for each pair; both its images are encoded with the same draws. The default
    /// is the number of the pair.</param>
    /// <param name="progress">Told after each network evaluation.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <exception cref="ArgumentException">Shapes or dtypes differ or do not fit, or something is not finite.</exception>
    /// <exception cref="InvalidOperationException">The network returned another shape, NaN or infinity.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public MorphingEnds Encode(
        Tensor a,
        Tensor b,
        Tensor? codeA,
        Tensor? codeB,
        NoiseSeeds? seed = null,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        Require(a, b, "images");
        if (codeA is not null || codeB is not null)
        {
            Require(codeA!, codeB!, "codes");
        }

        int pairs = checked((int)a.shape[0]);
        int[] numbers = [.. Enumerable.Range(0, pairs)];
        NoiseSeeds its = seed ?? NoiseSeeds.OfItems(numbers.Select(i => (ulong)i));
        its.Check(nameof(seed), pairs);

        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        BrownianPath? path = Encoder.Solver.IsStochastic ? BrownianPath.PerStep(its.ForItems([.. numbers, .. numbers])) : null;
        Tensor? codes = codeA is null ? null : cat([codeA, codeB!], 0);
        SamplingRun run = Encoder.Checked(cat([a, b], 0), codes, path, SelectedProgress.OfInversion(progress), cancellationToken);
        NoiseState state = Inversion.Invert(run, Encoder.Settings);
        Tensor start = state.Start.to(a.dtype);
        Tensor? vectors = (state as EncodedNoise)?.Vectors;
        return new MorphingEnds
        {
            A = a.alias(),
            B = b.alias(),
            StartA = start.narrow(0, 0, pairs).clone(),
            StartB = start.narrow(0, pairs, pairs).clone(),
            NoiseA = vectors?.narrow(1, 0, pairs).clone(),
            NoiseB = vectors?.narrow(1, pairs, pairs).clone(),
            CodeA = codeA?.alias(),
            CodeB = codeB?.alias(),
            NetworkEvaluations = run.Meter.Evaluations,
        }.MoveToOuterDisposeScope();
    }

    /// <summary>Encodes pairs of images whose codes an encoder finds.</summary>
    /// <param name="a">The first images, [pairs, ...].</param>
    /// <param name="b">The second images, of the same shape.</param>
    /// <param name="code">From images to their codes, [pairs, ...].</param>
    /// <param name="seed">For a stochastic sampler, one seed for each pair. The default is the number of the pair.</param>
    /// <param name="progress">Told after each network evaluation.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <inheritdoc cref="Encode(Tensor, Tensor, Tensor?, Tensor?, NoiseSeeds?, IProgress{StepProgress}?, CancellationToken)"
    /// path="/exception"/>
    public MorphingEnds Encode(
        Tensor a,
        Tensor b,
        Func<Tensor, Tensor> code,
        NoiseSeeds? seed = null,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(code);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        return Encode(a, b, code(a), code(b), seed, progress, cancellationToken).MoveToOuterDisposeScope();
    }

    /// <summary>What lies between the two images of each pair: noise along great circles, codes along lines.</summary>
    /// <param name="ends">The images, encoded.</param>
    /// <param name="weight">0 for the first, 1 for the second. The default value is 0.5.</param>
    /// <returns>x_T, z, and the path of a stochastic sampler, whose tensor is in the caller's dispose scope too.</returns>
    public (Tensor StartNoise, Tensor? Code, BrownianPath? Noise) Blend(MorphingEnds ends, double weight = 0.5)
    {
        ArgumentNullException.ThrowIfNull(ends);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor start = SphericalInterpolation.Between(ends.StartA, ends.StartB, weight).MoveToOuterDisposeScope();
        Tensor? code = ends.CodeA?.Times(1 - weight).AddTimes(ends.CodeB!, weight).MoveToOuterDisposeScope();
        if (ends.NoiseA is not Tensor vectors)
        {
            return (start, code, null);
        }

        Tensor noise = SphericalInterpolation
            .Between(vectors.flatten(0, 1), ends.NoiseB!.flatten(0, 1), weight)
            .reshape(vectors.shape)
            .MoveToOuterDisposeScope();
        return (start, code, BrownianPath.Recorded(noise));
    }

    /// <summary>Samples the blend and optimises it. Without iterations this is DiM.</summary>
    /// <param name="ends">The images, encoded.</param>
    /// <param name="options">How. The default is AdjointDEIS's.</param>
    /// <param name="weight">0 for the first image, 1 for the second. The default value is 0.5.</param>
    /// <param name="progress">Told after each evaluation of the loss, on this thread.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <returns>The best morph of each pair. The encoding is not in its cost.</returns>
    /// <inheritdoc cref="LatentOptimisation.Run" path="/exception"/>
    public OptimisedLatent Run(
        MorphingEnds ends,
        LatentOptimisationOptions? options = null,
        double weight = 0.5,
        IProgress<OptimisationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor start, Tensor? code, BrownianPath? noise) = Blend(ends, weight);
        return new LatentOptimisation(Sampler, LossOf(ends), options)
            .Run(start, code, noise, progress, cancellationToken)
            .MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Morph-PIPE (Zhang et al. 2024): samples blends of several weights and takes the one with the lowest loss, without any gradient.
    /// </summary>
    /// <param name="ends">The images, encoded.</param>
    /// <param name="blends">How many weights from 0 to 1, at least 2. The default value is 21.</param>
    /// <param name="progress">Told after each blend, on this thread.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <returns>The best blend of each pair; iteration i is that of weight i/(blends - 1). The encoding is not in its cost.</returns>
    /// <inheritdoc cref="LatentOptimisation.Run" path="/exception"/>
    public OptimisedLatent BestBlend(
        MorphingEnds ends,
        int blends = 21,
        IProgress<OptimisationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        double[] weights = SphericalInterpolation.Weights(blends);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        var once = new LatentOptimisationOptions { Iterations = 0 };
        (Tensor start, Tensor? code, _) = Blend(ends, weights[0]);
        using var record = new OptimisationRecord(new LatentVariables(start, code, [], once.Targets), once);
        GradientCost cost = new(0, 0, 0, 0);
        foreach ((int i, double weight) in weights.Index())
        {
            using DisposeScope step = NewDisposeScope();
            OptimisedLatent blend = Run(ends, once, weight, null, cancellationToken);
            Tensor rows = new LatentVariables(blend.StartNoise, blend.Condition, [], once.Targets).Begin();
            double[] losses = [.. blend.BestLoss];
            record.Add(rows, record.RunningRows, losses, blend.Sample, blend.Cost.NetworkEvaluations);
            cost = new GradientCost(cost.NetworkEvaluations + blend.Cost.NetworkEvaluations, 0, 0, 0);
            progress?.Report(new OptimisationProgress(i, blends - 1, record.RunningRows, losses, [.. record.Best], blend.Sample));
        }

        return record.Result(cost).MoveToOuterDisposeScope();
    }

    private Func<Tensor, IReadOnlyList<int>, Tensor> LossOf(MorphingEnds ends)
    {
        ArgumentNullException.ThrowIfNull(ends);
        using IDisposable noGraph = no_grad();
        (Tensor a, Tensor b) = (Embed(ends.A), Embed(ends.B));
        return (x, items) =>
        {
            Tensor numbers = tensor(items.Select(i => (long)i).ToArray(), device: a.device);
            return Loss(Embed(x), a.index_select(0, numbers), b.index_select(0, numbers));
        };
    }

    private Tensor Embed(Tensor images)
    {
        Tensor embedded = embedding(images);
        return embedded.dim() == 2 && embedded.shape[0] == images.shape[0]
            ? embedded
            : throw new InvalidOperationException(
                $"The embedding returned shape {Shapes.Text(embedded)} for images of shape {Shapes.Text(images)}; "
                    + $"it must return [{images.shape[0]}, width].");
    }

    private static Tensor Distance(Tensor a, Tensor b)
    {
        Tensor cosine = nn.functional.cosine_similarity(a.ToWorkingPrecision(), b.ToWorkingPrecision(), 1, 1e-12);
        return cosine.neg().add_(ones_like(cosine));
    }

    private static void Require(Tensor a, Tensor b, string name)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (a.dim() < 1 || !a.is_floating_point() || !Shapes.Equal(a, b) || a.dtype != b.dtype)
        {
            throw new ArgumentException(
                $"Got {name} of shapes {Shapes.Text(a)} and {Shapes.Text(b)}, {a.dtype} and {b.dtype}; "
                    + "expected two of [pairs, ...] alike, of floating point.");
        }
    }
}
