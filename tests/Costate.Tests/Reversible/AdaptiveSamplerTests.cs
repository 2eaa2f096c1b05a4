using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class AdaptiveSamplerTests
{
    private readonly Mixture mixture = Mixture.Load();

    public static TheoryData<string> Tableaus => [.. ButcherTableau.All.Where(t => t.ErrorWeights is not null).Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Tableaus))]
    public void Error_FollowsTheTolerance(string name)
    {
        using var scope = NewDisposeScope();
        (double loose, int few) = ErrorAndSteps(name, 1e-3);
        (double tight, int many) = ErrorAndSteps(name, 1e-6);
        Assert.True(tight < loose / 30, $"{loose:E2} {tight:E2}");
        Assert.InRange(tight, 0, 1e-4);
        Assert.True(many > few);
    }

    [Fact]
    public void Items_HaveGridsOfTheirOwn_WhateverTheBatch()
    {
        using var scope = NewDisposeScope();
        AdaptiveSampler sampler = NewSampler("bogacki-shampine", 1e-4);
        Tensor start = StartNoise.Draw([3, 2], 3, ScalarType.Float64);
        Tensor z = mixture.ConditionTensor(3);
        (Tensor sample, IReadOnlyList<TimeGrid> grids) = sampler.Sample(start, z);
        Assert.Equal(3, grids.Count);
        Assert.NotEqual(grids[0].Times, grids[1].Times);
        for (int item = 0; item < 3; item++)
        {
            (Tensor alone, IReadOnlyList<TimeGrid> own) = sampler.Sample(start.narrow(0, item, 1), z.narrow(0, item, 1));
            Assert.Equal(own[0].Times, grids[item].Times);
            Assert.Equal(alone, sample.narrow(0, item, 1));
        }
    }

    [Fact]
    public void Inverse_RunsOnTheRecordedGrid()
    {
        using var scope = NewDisposeScope();
        AdaptiveSampler sampler = NewSampler("tsit5", 1e-5);
        (Tensor sample, IReadOnlyList<TimeGrid> grids) = sampler.Sample(mixture.StartTensor(), mixture.ConditionTensor());
        Sampler recorded = sampler.On(grids[0]);
        NoiseState state = recorded.Invert(sample, mixture.ConditionTensor());
        Near.Equal(sample, recorded.Sample(state, mixture.ConditionTensor()), 1e-10);
    }

    [Fact]
    public void Gradient_EqualsUnrolledOnTheRecordedGrids()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        var schedule = NoiseSchedule.VpLinear();
        var sampler = new AdaptiveSampler(Denoiser.FromModule(net, Prediction.Noise), schedule, Solver.Rex(ButcherTableau.BogackiShampine), new StepControl(1e-3, 1e-3), 0.9, 0.05);
        SampleGradient actual = sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss);
        SampleGradient expected = sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, GradientMethod.Unrolled());
        Near.Equal(expected.StartNoise, actual.StartNoise, 1e-10);
        Near.Equal(expected.Condition!, actual.Condition!, 1e-10);
        Assert.All(expected.Parameters.Zip(actual.Parameters), pair => Near.Equal(pair.First, pair.Second, 1e-10));
        Assert.Equal([2], actual.Loss.shape);
        Assert.Equal(4, actual.Cost.PeakStoredStates);
    }

    [Fact]
    public void NaN_NamesItemStepAndTime()
    {
        using var scope = NewDisposeScope();
        var denoiser = Denoiser.FromFunction((x, t, _) => t[0].item<double>() < 0.4 && x[0, 0].item<double>() > 0 ? x * double.NaN : x * 0.5, Prediction.Noise);
        var sampler = new AdaptiveSampler(denoiser, mixture.Schedule, Solver.Rex(ButcherTableau.BogackiShampine));
        Tensor start = tensor(new[] { -1.0, 0, 1.0, 0 }, [2, 2]);
        string message = Assert.Throws<InvalidOperationException>(() => { sampler.Sample(start); }).Message;
        Assert.Contains("item 1", message, StringComparison.Ordinal);
        Assert.Contains("time 0.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Limit_OnSteps_EndsTheRun()
    {
        using var scope = NewDisposeScope();
        var sampler = new AdaptiveSampler(mixture.Denoiser(), mixture.Schedule, Solver.Rex(ButcherTableau.BogackiShampine), new StepControl(1e-12, 1e-12, maximumSteps: 50));
        string message = Assert.Throws<InvalidOperationException>(() => { sampler.Sample(mixture.StartTensor(), mixture.ConditionTensor()); }).Message;
        Assert.Contains("50 steps", message, StringComparison.Ordinal);
        Assert.Contains("Item 0", message, StringComparison.Ordinal);
    }

    [Fact]
    public void ImpossibleArguments_AreRefused()
    {
        Denoiser denoiser = mixture.Denoiser();
        Assert.Contains("tsit5", Assert.Throws<ArgumentException>(() => new AdaptiveSampler(denoiser, mixture.Schedule, Solver.Rex(ButcherTableau.Rk4))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new AdaptiveSampler(denoiser, mixture.Schedule, Solver.Rex(ButcherTableau.Shark)));
        Assert.Contains("Rex", Assert.Throws<ArgumentException>(() => new AdaptiveSampler(denoiser, mixture.Schedule, Solver.Ddim())).Message, StringComparison.Ordinal);
        Assert.Contains("inwards", Assert.Throws<ArgumentException>(() => new AdaptiveSampler(denoiser, mixture.Schedule, Solver.Rex(ButcherTableau.Tsitouras), end: 0)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new StepControl(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new StepControl(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new StepControl(maximumSteps: 0));
    }

    private (double Error, int Steps) ErrorAndSteps(string name, double tolerance)
    {
        (Tensor sample, IReadOnlyList<TimeGrid> grids) = NewSampler(name, tolerance).Sample(mixture.StartTensor(), mixture.ConditionTensor());
        return ((sample - tensor(mixture.Sample)).norm().item<double>(), grids[0].Steps);
    }

    private AdaptiveSampler NewSampler(string name, double tolerance) =>
        new(mixture.Denoiser(), mixture.Schedule, Solver.Rex(ButcherTableauTests.Named(name)), new StepControl(tolerance, tolerance));
}
