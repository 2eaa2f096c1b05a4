using Costate.Faces.Morphs;
using Costate.Tests;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Morphs;

/// <summary>Morphing on the mixture, with points of the plane for images and their directions for embeddings.</summary>
public sealed class MorphingTests
{
    private const int Steps = 8;

    private static readonly Mixture Problem = Mixture.Load();

    public static TheoryData<string> Samplers => ["ode", "rex", "sde"];

    [Theory]
    [MemberData(nameof(Samplers))]
    public void Ends_AreTheImagesAgain(string name)
    {
        using var scope = NewDisposeScope();
        Morphing morphing = NewMorphing(name, 80);
        (Tensor a, Tensor b) = Images();
        MorphingEnds ends = morphing.Encode(a, b, Codes, NoiseSeeds.OfItems(7, 8));

        // DDIM inversion with 80 steps is approximate, and so is Rex without its second state; CycleDiffusion is exact.
        double tolerance = name is "ode" ? 0.15 : name is "rex" ? 0.1 : 1e-9;
        foreach ((double weight, Tensor image) in new[] { (0.0, a), (1.0, b) })
        {
            (Tensor start, Tensor? code, BrownianPath? noise) = morphing.Blend(ends, weight);
            Near.Equal(image, morphing.Sampler.Sample(start, code, noise), tolerance);
        }
    }

    [Theory]
    [MemberData(nameof(Samplers))]
    public void Optimised_IsNearerToBoth_AndPairsDoNotDependOnEachOther(string name)
    {
        using var scope = NewDisposeScope();
        Morphing morphing = NewMorphing(name);
        (Tensor a, Tensor b) = Images();
        var options = new LatentOptimisationOptions
        {
            Iterations = 15,
            StartNoiseRate = 0.05,
            ConditionRate = 0.05,
            Optimiser = LatentOptimiser.Adam(),
        };
        using MorphingEnds ends = morphing.Encode(a, b, Codes, NoiseSeeds.OfItems(7, 8));
        OptimisedLatent plain = morphing.Run(ends, options with { Iterations = 0 });
        OptimisedLatent guided = morphing.Run(ends, options);
        for (int pair = 0; pair < 2; pair++)
        {
            Assert.True(guided.BestLoss[pair] < plain.BestLoss[pair] - 1e-3, $"{guided.BestLoss[pair]} after {plain.BestLoss[pair]}");
            MorphingEnds alone = morphing.Encode(a.narrow(0, pair, 1), b.narrow(0, pair, 1), Codes, NoiseSeeds.OfItems((ulong)(7 + pair)));
            Near.Equal(morphing.Run(alone, options).Sample, guided.Sample.narrow(0, pair, 1), 1e-9);
        }
    }

    [Theory]
    [MemberData(nameof(Samplers))]
    public void Encode_CountsWhatItEvaluates(string name)
    {
        using var scope = NewDisposeScope();
        int calls = 0;
        Denoiser denoiser = Denoiser.FromFunction(
            (x, _, _) =>
            {
                calls++;
                return x * 0.1;
            },
            Prediction.Noise);
        Sampler like = NewSampler(name);
        var morphing = new Morphing(new Sampler(denoiser, like.Schedule, like.Solver, like.Grid), x => x);
        MorphingEnds ends = morphing.Encode(ones(1, 2, ScalarType.Float64), zeros(1, 2, ScalarType.Float64), codeA: null, codeB: null);
        Assert.Equal(calls, ends.NetworkEvaluations);
    }

    [Fact]
    public void Loss_OfHalfPrecision_IsANumber()
    {
        // The squares of embeddings near 100 are beyond what float16 holds, 65504.
        using var scope = NewDisposeScope();
        Tensor embeddings = full([2, 64], 100.0, ScalarType.Float16);
        Assert.All(Morphing.Loss(embeddings, embeddings, -embeddings).data<float>().ToArray(), loss => Assert.InRange(loss, 3.999, 4.001));
    }

    [Fact]
    public void BestBlend_IsTheLowestOfAll()
    {
        using var scope = NewDisposeScope();
        Morphing morphing = NewMorphing("ode");
        (Tensor a, Tensor b) = Images();
        MorphingEnds ends = morphing.Encode(a, b, Codes);
        Assert.Equal(Steps, ends.NetworkEvaluations);
        OptimisedLatent best = morphing.BestBlend(ends, 5);
        Assert.Equal([5, 2], best.Losses.shape);
        Assert.Equal(5 * Steps, best.Cost.NetworkEvaluations);
        for (int pair = 0; pair < 2; pair++)
        {
            Assert.Equal(best.Losses.min(0).values[pair].item<double>(), best.BestLoss[pair]);
            Tensor sample = morphing.Run(ends, new() { Iterations = 0 }, best.BestIteration[pair] / 4.0).Sample;
            Near.Equal(sample[pair], best.Sample[pair], 1e-14);
        }
    }

    [Fact]
    public void Loss_IsTwiceTheLargerDistance()
    {
        using var scope = NewDisposeScope();
        Tensor a = tensor(new double[,] { { 1, 0 } });
        Tensor b = tensor(new double[,] { { 0, 3 } });
        Assert.Equal(2, Morphing.Loss(a, a, b).item<double>(), 1e-12);
        Assert.Equal(2 * (1 - Math.Sqrt(0.5)), Morphing.Loss(a + (b / 3), a, b).item<double>(), 1e-12);
        Assert.Equal(0, Morphing.Loss(a, 2 * a, 5 * a).item<double>(), 1e-12);
    }

    [Fact]
    public void WhatDoesNotFit_IsRefused()
    {
        using var scope = NewDisposeScope();
        Morphing morphing = NewMorphing("ode");
        (Tensor a, Tensor b) = Images();
        Assert.Contains(
            "[1, 2]",
            Assert.Throws<ArgumentException>(() => morphing.Encode(a, b.narrow(0, 0, 1), codeA: null, codeB: null)).Message);
        Assert.Contains(
            "3 seeds",
            Assert.Throws<InputException>(() => morphing.Encode(a, b, codeA: null, codeB: null, NoiseSeeds.OfItems(1, 2, 3))).Message);
        Assert.Throws<ArgumentNullException>(() => morphing.Encode(a, b, a, null));
        Assert.Contains("both its states", Assert.Throws<ArgumentException>(() => NewMorphing("rex-sde")).Message);
        Assert.Contains(
            "its own grid",
            Assert.Throws<ArgumentException>(() => new Morphing(NewSampler("sde"), x => x, NewSampler("ode"))).Message);
        var flat = new Morphing(NewSampler("ode"), x => x.sum(1));
        Assert.Contains("width", Assert.Throws<InvalidOperationException>(() => flat.Run(flat.Encode(a, b, Codes))).Message);
    }

    // Samples of the model.
    private static (Tensor A, Tensor B) Images()
    {
        Sampler sampler = NewSampler("ode");
        return (
            sampler.Sample(StartNoise.Draw([2, 2], 51, ScalarType.Float64)),
            sampler.Sample(StartNoise.Draw([2, 2], 52, ScalarType.Float64)));
    }

    private static Tensor Codes(Tensor images) => 0.02 * images;

    private static Morphing NewMorphing(string name, int steps = Steps) =>
        new(NewSampler(name, steps), x => cat([x, x.square(), ones_like(x)], 1));

    private static Sampler NewSampler(string name, int steps = Steps) => new(
        Problem.Denoiser(),
        Problem.Schedule,
        name switch
        {
            "ode" => Solver.Ddim(),
            "rex" => Solver.Rex(ButcherTableau.Rk4),
            "rex-sde" => Solver.Rex(ButcherTableau.EulerMaruyama),
            _ => Solver.SdeDpmSolverPlusPlus(2),
        },
        TimeGrid.UniformLogSnr(Problem.Schedule, steps, 0.9, 0.02));
}
