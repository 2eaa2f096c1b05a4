using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class RoundTripInversionTests
{
    private static readonly Mixture Problem = Mixture.Load();

    [Theory]
    [InlineData("ddim", 40)]
    [InlineData("dpm++2", 20)]
    [InlineData("unipc-3", 20)]
    [InlineData("heun", 20)]
    public void Noise_GivesTheSampleBack(string solver, int steps)
    {
        using var scope = NewDisposeScope();
        Sampler sampler = SamplerOf(Solvers.Named(solver), steps);
        Tensor x0 = sampler.Sample(Starts(), Problem.ConditionTensor(4));
        RoundTripNoise noise = sampler.InvertByRoundTrips(x0, Problem.ConditionTensor(4));
        Assert.True(noise.Residual.max().ToDouble() <= 1e-9);
        Near.Equal(x0, sampler.Sample(noise, Problem.ConditionTensor(4)), 1e-8);

        // DDIM inversion alone is wrong by the error of the solver.
        Tensor once = sampler.Sample(sampler.Invert(x0, Problem.ConditionTensor(4)), Problem.ConditionTensor(4));
        Assert.True((once - x0).abs().max().ToDouble() > 1e-6);
        Assert.Equal(2 * sampler.Table.EvaluatedRows.Count * noise.Iterations, noise.Cost.NetworkEvaluations);
    }

    [Fact]
    public void Item_DoesNotDependOnItsBatch()
    {
        using var scope = NewDisposeScope();
        Sampler sampler = SamplerOf(Solver.DpmSolverPlusPlus(), 20);
        Tensor x0 = sampler.Sample(Starts(), Problem.ConditionTensor(4));
        RoundTripNoise all = sampler.InvertByRoundTrips(x0, Problem.ConditionTensor(4));
        RoundTripNoise one = sampler.InvertByRoundTrips(x0.narrow(0, 2, 1), Problem.ConditionTensor(1));
        Near.Equal(all.Start.narrow(0, 2, 1), one.Start, 1e-12);
    }

    [Fact]
    public void WhatDoesNotConverge_IsRefused()
    {
        using var scope = NewDisposeScope();
        Sampler sampler = SamplerOf(Solver.Ddim(), 4);
        Tensor x0 = Starts() * 0.7;
        var e = Assert.Throws<InvalidOperationException>(
            () => sampler.InvertByRoundTrips(x0, Problem.ConditionTensor(4), maxIterations: 3));
        Assert.Contains("residual", e.Message);
        Assert.Contains("after 3 round trips", e.Message);
        Assert.Throws<InputException>(() => SamplerOf(Solver.Rex(ButcherTableau.Euler), 4).InvertByRoundTrips(x0));
        Assert.Throws<InputException>(() => SamplerOf(Solver.Ddpm(), 4).InvertByRoundTrips(x0));
        Assert.Throws<InputException>(() => sampler.InvertByRoundTrips(x0, tolerance: 0));
        Assert.Throws<InputException>(() => sampler.InvertByRoundTrips(x0, maxIterations: 0));
    }

    // Both run Euler's method from noise to data; the error of its inversion falls faster by Uni-Inv than by Euler's own steps backwards.
    [Fact]
    public void UniInv_InvertsEulerByAHigherOrder()
    {
        using var scope = NewDisposeScope();
        double Error(Solver inverse, int steps)
        {
            Sampler sampler = SamplerOf(Solver.Euler(), steps);
            Tensor start = Starts(), z = Problem.ConditionTensor(4), x0 = sampler.Sample(start, z);
            Tensor noise = new Sampler(sampler.Denoiser, sampler.Schedule, inverse, sampler.Grid.Reversed()).Sample(x0, z);
            return (sampler.Sample(noise, z) - x0).abs().max().ToDouble();
        }

        Assert.InRange(Math.Log2(Error(Solver.Euler(), 80) / Error(Solver.Euler(), 160)), 0.7, 1.3);
        Assert.InRange(Math.Log2(Error(Solver.UniInv(), 80) / Error(Solver.UniInv(), 160)), 1.6, 3.4);
    }

    private static Tensor Starts() => StartNoise.Draw([4, 2], 3, ScalarType.Float64);

    private static Sampler SamplerOf(Solver solver, int steps) => new(
        Problem.Denoiser(),
        Problem.Schedule,
        solver,
        TimeGrid.UniformLogSnr(Problem.Schedule, steps, Problem.GridStart, Problem.GridEnd));
}
