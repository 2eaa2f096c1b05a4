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
    public void ScheduledCondition_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        var sampler = new AdaptiveSampler(Denoiser.FromModule(net, Prediction.Noise), schedule, Solver.Rex(ButcherTableau.BogackiShampine));
        InputException refusal = Assert.Throws<InputException>(() =>
            sampler.Sample(SmallNet.Start(), Condition.Scheduled(SmallNet.ScheduledCondition(6))).Sample.Dispose());
        Assert.Contains("scheduled condition", refusal.Message, StringComparison.Ordinal);
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

    [Theory]
    [MemberData(nameof(Tableaus))]
    public void Sample_IsThatOfTheRecordedGrid_BitForBit_AndDrawnOnce(string name)
    {
        using var scope = NewDisposeScope();
        int calls = 0;
        AdaptiveSampler sampler = Counting(name, () => calls++);
        Tensor start = StartNoise.Draw([2, 2], 3);
        sampler.FindGrids(start);
        (int searched, calls) = (calls, 0);
        (Tensor sample, IReadOnlyList<TimeGrid> grids) = sampler.Sample(start);
        Assert.Equal(searched, calls);
        for (int item = 0; item < 2; item++)
        {
            Tensor again = sampler.On(grids[item]).Sample(start.narrow(0, item, 1));
            Assert.Equal(again.data<float>().ToArray(), sample[item].data<float>().ToArray());
        }
    }

    [Fact]
    public void Cost_HasTheSearch_AndProgressCountsIt()
    {
        using var scope = NewDisposeScope();
        int calls = 0;
        AdaptiveSampler sampler = Counting("bogacki-shampine", () => calls++);
        List<StepProgress> reports = [];
        SampleGradient gradient = sampler.Gradient(
            StartNoise.Draw([3, 2], 3),
            null,
            x => x.square().sum(1),
            progress: new Reporter(reports));
        Assert.Equal(calls, gradient.Cost.NetworkEvaluations);
        StepProgress[] search = [.. reports.Where(r => r.Phase == SamplingPhase.Search)];
        Assert.All(search, r => Assert.Equal(0, r.Total));
        Assert.Equal(search.Select(r => r.Done).Order(), search.Select(r => r.Done));
        foreach (SamplingPhase phase in new[] { SamplingPhase.Sampling, SamplingPhase.Gradient })
        {
            StepProgress[] its = [.. reports.Where(r => r.Phase == phase)];
            Assert.Single(its.Select(r => r.Total).Distinct());
            Assert.Equal(its.Select(r => r.Done).Order(), its.Select(r => r.Done));
            Assert.Equal(its[^1].Total, its[^1].Done);
        }

        Assert.Equal(calls - search[^1].Done, 2 * reports.Last(r => r.Phase == SamplingPhase.Sampling).Total);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(1)]
    public void Unconditional_OfEachItem_GoesWithIt(int size)
    {
        using var scope = NewDisposeScope();
        Tensor start = StartNoise.Draw([2, 2], 3, ScalarType.Float64);
        (Tensor z, Tensor none) = (mixture.ConditionTensor(2), 0.5 * StartNoise.Draw([size, 2], 4, ScalarType.Float64));
        AdaptiveSampler Of(Tensor unconditional) => new(
                mixture.Denoiser().WithFingerprint([]).WithClassifierFreeGuidance(unconditional, 1.5),
                mixture.Schedule,
                Solver.Rex(ButcherTableau.BogackiShampine),
                new StepControl(1e-3, 1e-3));
        (Tensor sample, IReadOnlyList<TimeGrid> grids) = Of(none).Sample(start, z);
        SampleGradient gradient = Of(none).Gradient(start, z, mixture.Loss);
        for (int item = 0; item < 2; item++)
        {
            Tensor own = none.narrow(0, size == 1 ? 0 : item, 1);
            (Tensor alone, _) = Of(own).Sample(start.narrow(0, item, 1), z.narrow(0, item, 1));
            Assert.Equal(alone[0].data<double>().ToArray(), sample[item].data<double>().ToArray());
            Near.Equal(
                Of(own).Gradient(start.narrow(0, item, 1), z.narrow(0, item, 1), mixture.Loss).StartNoise,
                gradient.StartNoise.narrow(0, item, 1),
                1e-13);
            Sampler recorded = Of(none).On(grids[item], item);
            NoiseState state = recorded.Invert(alone, z.narrow(0, item, 1));
            Near.Equal(alone, recorded.Sample(state, z.narrow(0, item, 1)), 1e-12);
        }
    }

    [Fact]
    public void AnItemOfZeros_UnderARelativeTolerance_HasNoError()
    {
        using var scope = NewDisposeScope();
        Denoiser linear = Denoiser.FromFunction((x, _, _) => x * 0.5, Prediction.Noise);
        var sampler = new AdaptiveSampler(linear, mixture.Schedule, Solver.Rex(ButcherTableau.BogackiShampine), new StepControl(0, 1e-3));
        (Tensor sample, IReadOnlyList<TimeGrid> grids) = sampler.Sample(
            cat([zeros(1, 2, ScalarType.Float64), ones(1, 2, ScalarType.Float64)]));
        Assert.Equal(0, sample[0].abs().max().item<double>());
        Assert.True(grids[0].Steps < grids[1].Steps);
    }

    [Fact]
    public void NaNOnTheWayBack_NamesTheItemToo()
    {
        using var scope = NewDisposeScope();
        int calls = 0;
        int last = int.MaxValue;
        Denoiser breaks = Denoiser.FromFunction((x, _, _) => ++calls > last ? x * double.NaN : x * 0.5, Prediction.Noise);
        var sampler = new AdaptiveSampler(breaks, mixture.Schedule, Solver.Rex(ButcherTableau.BogackiShampine));
        Tensor start = StartNoise.Draw([2, 2], 3);
        sampler.Gradient(start, null, x => x.square().sum(1));

        // The last evaluations are those of the last item's gradient.
        (last, calls) = (calls - 1, 0);
        string message = Assert.Throws<InvalidOperationException>(() => { sampler.Gradient(start, null, x => x.square().sum(1)); }).Message;
        Assert.Contains("item 1", message, StringComparison.Ordinal);
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
        var sampler = new AdaptiveSampler(
            Denoiser.FromModule(net, Prediction.Noise),
            schedule,
            Solver.Rex(ButcherTableau.BogackiShampine),
            new StepControl(1e-3, 1e-3),
            0.9,
            0.05);
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
        var denoiser = Denoiser.FromFunction(
            (x, t, _) => t[0].item<double>() < 0.4 && x[0, 0].item<double>() > 0 ? x * double.NaN : x * 0.5,
            Prediction.Noise);
        var sampler = new AdaptiveSampler(denoiser, mixture.Schedule, Solver.Rex(ButcherTableau.BogackiShampine));
        Tensor start = tensor(new[] { -1.0, 0, 1.0, 0 }, [2, 2]);
        string message = Assert.Throws<InvalidOperationException>(() => { sampler.Sample(start); }).Message;
        Assert.Contains("item 1", message, StringComparison.Ordinal);
        Assert.Contains("time 0.", message, StringComparison.Ordinal);

        // The first step below 0.4 is one of many.
        Assert.DoesNotContain("step 0", message, StringComparison.Ordinal);
        Assert.Contains("at step ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Limit_OnSteps_EndsTheRun()
    {
        using var scope = NewDisposeScope();
        var sampler = new AdaptiveSampler(
            mixture.Denoiser(),
            mixture.Schedule,
            Solver.Rex(ButcherTableau.BogackiShampine),
            new StepControl(1e-12, 1e-12, maximumSteps: 50));
        string message = Assert
            .Throws<InvalidOperationException>(() =>
            {
                sampler.Sample(mixture.StartTensor(), mixture.ConditionTensor());
            })
            .Message;
        Assert.Contains("50 steps", message, StringComparison.Ordinal);
        Assert.Contains("Item 0", message, StringComparison.Ordinal);
    }

    [Fact]
    public void ImpossibleArguments_AreRefused()
    {
        Denoiser denoiser = mixture.Denoiser();
        Assert.Contains(
            "tsit5",
            Assert.Throws<ArgumentException>(() => new AdaptiveSampler(denoiser, mixture.Schedule, Solver.Rex(ButcherTableau.Rk4))).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new AdaptiveSampler(denoiser, mixture.Schedule, Solver.Rex(ButcherTableau.Shark)));
        Assert.Contains(
            "Rex",
            Assert.Throws<ArgumentException>(() => new AdaptiveSampler(denoiser, mixture.Schedule, Solver.Ddim())).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "inwards",
            Assert
                .Throws<ArgumentException>(() =>
                    new AdaptiveSampler(denoiser, mixture.Schedule, Solver.Rex(ButcherTableau.Tsitouras), end: 0))
                .Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new StepControl(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new StepControl(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new StepControl(maximumSteps: 0));
    }

    private AdaptiveSampler Counting(string name, Action called)
    {
        Denoiser denoiser = Denoiser.FromFunction(
            (x, _, _) =>
            {
                called();
                return (x * 0.7).sin();
            },
            Prediction.Noise);
        return new(denoiser, mixture.Schedule, Solver.Rex(ButcherTableauTests.Named(name)), new StepControl(1e-3, 1e-3), 0.9, 0.05);
    }

    private (double Error, int Steps) ErrorAndSteps(string name, double tolerance)
    {
        (Tensor sample, IReadOnlyList<TimeGrid> grids) = NewSampler(name, tolerance)
            .Sample(mixture.StartTensor(), mixture.ConditionTensor());
        return ((sample - tensor(mixture.Sample)).norm().item<double>(), grids[0].Steps);
    }

    private AdaptiveSampler NewSampler(string name, double tolerance) =>
        new(mixture.Denoiser(), mixture.Schedule, Solver.Rex(ButcherTableauTests.Named(name)), new StepControl(tolerance, tolerance));

    private sealed class Reporter(List<StepProgress> reports) : IProgress<StepProgress>
    {
        public void Report(StepProgress value) => reports.Add(value);
    }
}
