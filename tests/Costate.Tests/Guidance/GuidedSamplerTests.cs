using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class GuidedSamplerTests
{
    private readonly GuidanceProblem problem = new();

    [Theory]
    [InlineData(0, Prediction.Noise)]
    [InlineData(1, Prediction.Noise)]
    [InlineData(1, Prediction.Velocity)]
    public void Unguided_IsTheSampler(double eta, Prediction prediction)
    {
        using var scope = NewDisposeScope();
        var sampler = new Sampler(problem.Denoiser(), problem.Schedule, eta == 0 ? Solver.Ddim() : Solver.Ddpm(), problem.Grid);
        Tensor expected = sampler.Sample(GuidanceProblem.Start, problem.Condition, BrownianPath.PerStep(GuidanceProblem.Seeds));
        GuidedSample guided = problem.Guide(GuidancePreset.Unguided() with { Eta = eta }, prediction: prediction);
        Near.Equal(expected, guided.Sample, 1e-12);
        Near.Equal(problem.Loss(expected), guided.Loss, 1e-12);
        Assert.True(guided.StepLosses.isnan().all().item<bool>());
        Assert.Equal((12, 0, 1), (guided.Cost.NetworkEvaluations, guided.Cost.VectorJacobianProducts, guided.LossEvaluations));
    }

    public static TheoryData<string> Schedules => ["edm", "flow"];

    [Theory]
    [MemberData(nameof(Schedules))]
    public void Unguided_IsTheSampler_OnOtherSchedules(string name)
    {
        using var scope = NewDisposeScope();
        (NoiseSchedule schedule, double scale) = name == "edm" ? (NoiseSchedule.Edm(10), 10.0) : (NoiseSchedule.RectifiedFlow(), 1.0);
        TimeGrid grid = TimeGrid.Uniform(10, 0.95, 0);
        Denoiser denoiser = Denoiser.FromFunction((x, t, _) => x / (1 + (x * x)), Prediction.Data);
        Tensor start = scale * GuidanceProblem.Start;
        foreach (double eta in (double[])[0, 1])
        {
            Tensor expected = new Sampler(denoiser, schedule, eta == 0 ? Solver.Ddim() : Solver.Ddpm(), grid).Sample(
                start,
                null,
                BrownianPath.PerStep(4));
            Near.Equal(
                expected,
                new GuidedSampler(denoiser, schedule, grid, new GuidanceOptions { Eta = eta }).Sample(start, null, problem.Loss, 4).Sample,
                1e-12);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(0)]
    public void Lookahead_GuidesByItsOwnGradient(int n)
    {
        using var scope = NewDisposeScope();
        Lookahead lookahead =
            n == 0 ? Lookahead.EndToEnd(Solver.DpmSolverPlusPlus(2))
            : n == 4 ? Lookahead.Midpoint(n)
            : Lookahead.Euler(n);
        Tensor expected = problem.Run((x, i, t, s) =>
        {
            SampleGradient ahead = lookahead
                .At(problem.Denoiser(), problem.Schedule, problem.Grid, i)
                .Gradient(x, problem.Condition, problem.Loss, GradientMethod.Unrolled());
            return problem.Ddim(problem.Mean(x, t), problem.Eps(x, t), zeros_like(x), 0, t, s) - (0.05 * ahead.StartNoise);
        });
        var options = new GuidanceOptions { StateStrength = 0.05, Lookahead = lookahead };
        Near.Equal(expected, problem.Guide(options).Sample, 1e-10);
        Near.Equal(
            expected,
            problem
                .Guide(options with { Lookahead = lookahead with { Method = GradientMethod.Discrete(Checkpointing.Revolve(2)) } })
                .Sample,
            1e-10);
    }

    [Fact]
    public void Lookahead_CostsWhatItSays()
    {
        using var scope = NewDisposeScope();
        GuidedSample guided = problem.Guide(new GuidanceOptions { StateStrength = 0.05, Lookahead = Lookahead.Euler(3) });

        // 10 steps of three evaluations, then two and one; their graphs are kept.
        Assert.Equal((10 * 3) + 2 + 1, guided.Cost.NetworkEvaluations);
        Assert.Equal((10 * 3) + 2 + 1, guided.Cost.VectorJacobianProducts);
    }

    [Fact]
    public void Guidance_LowersTheLoss()
    {
        using var scope = NewDisposeScope();
        Tensor unguided = problem.Guide(GuidancePreset.Unguided()).Loss;
        foreach (GuidanceOptions options in (GuidanceOptions[])[
            new() { StateStrength = 0.05 },
            new() { DataStrength = GuidanceStrength.Constant(0.05) },
            new() { StateStrength = 0.05, Lookahead = Lookahead.Midpoint(3) },
            GuidancePreset.Universal(0.02, repeats: 2, backward: 0.02)])
        {
            GuidedSample guided = problem.Guide(options);
            Assert.True(guided.Loss.sum().item<double>() < unguided.sum().item<double>());
            Assert.Equal([12L, 3], guided.StepLosses.shape);
        }
    }

    [Fact]
    public void DivergedItem_LeavesTheOthersAlone()
    {
        using var scope = NewDisposeScope();
        Tensor weights = tensor(new double[] { 1, 1e9, 1 });
        foreach (GuidanceOptions options in (GuidanceOptions[])[
            new() { StateStrength = 0.02, Eta = 1 },
            new() { DataStrength = 0.02, Iterations = 40 },
            new() { StateStrength = 0.02, Lookahead = Lookahead.EndToEnd() }])
        {
            GuidedSample calm = problem.Guide(options);
            Assert.Empty(calm.Diverged);
            GuidedSample guided = problem.Guide(options, x => problem.Loss(x) * weights);
            DivergedItem diverged = Assert.Single(guided.Diverged);
            Assert.Equal(1, diverged.Item);
            Assert.True(guided.Sample[1].isnan().all().item<bool>());
            Assert.True(double.IsNaN(guided.Loss[1].item<double>()));
            foreach (int i in (int[])[0, 2])
            {
                Near.Equal(calm.Sample[i], guided.Sample[i], 1e-12);
                Assert.Equal(calm.Loss[i].item<double>(), guided.Loss[i].item<double>(), 1e-10);
            }
        }
    }

    [Fact]
    public void Clip_BoundsTheDataButNotItsGradient()
    {
        using var scope = NewDisposeScope();
        Tensor expected = problem.Run((x, i, t, s) =>
        {
            Tensor gradient = GuidanceProblem.Gradient(y => problem.Loss(problem.Mean(y, t)), x);
            Tensor clipped = problem.Mean(x, t).clamp(-0.5, 0.5);
            Tensor eps = (x - (Math.Sqrt(problem.Bar(t)) * clipped)) / Math.Sqrt(1 - problem.Bar(t));
            return problem.Ddim(clipped, eps, zeros_like(x), 0, t, s) - (0.05 * gradient);
        });
        Near.Equal(expected, problem.Guide(new GuidanceOptions { StateStrength = 0.05, Clip = 0.5 }).Sample, 1e-10);
    }

    [Fact]
    public void Rms_MakesTheStepOfUnitSize()
    {
        using var scope = NewDisposeScope();
        var options = new GuidanceOptions
        {
            StateStrength = GuidanceStrength.Constant(0.1).Between(0.1, 0),
            Normalization = GuidanceNormalization.Rms,
        };
        Tensor moved = problem.Guide(options).Sample - problem.Guide(GuidancePreset.Unguided()).Sample;
        Near.Equal(full([3], 0.1, ScalarType.Float64), moved.square().mean([1L]).sqrt(), 1e-10);

        // Where the gradient is 0 there is no direction, and no NaN.
        Assert.True(problem.Guide(options, x => 0 * x.sum(1)).Sample.isfinite().all().item<bool>());
    }

    [Fact]
    public void Condition_MayChangeWithTime()
    {
        using var scope = NewDisposeScope();
        Tensor scheduled = stack([.. Enumerable.Range(0, 12).Select(i => problem.Condition + (0.05 * i))]);
        foreach (Lookahead lookahead in (Lookahead[])[Lookahead.Greedy, Lookahead.EndToEnd()])
        {
            var options = new GuidanceOptions { StateStrength = GuidanceStrength.Constant(0.05).Between(1, 1), Lookahead = lookahead };
            GuidedSample guided = new GuidedSampler(problem.Denoiser(), problem.Schedule, problem.Grid, options)
                .Sample(GuidanceProblem.Start, Costate.Condition.Scheduled(scheduled), problem.Loss);

            // Only the first step is guided; the rest is the sampler's.
            Condition ahead = lookahead.Steps is null ? Costate.Condition.Scheduled(scheduled) : scheduled[0]!;
            SampleGradient gradient = lookahead
                .At(problem.Denoiser(), problem.Schedule, problem.Grid, 0)
                .Gradient(GuidanceProblem.Start, ahead, problem.Loss);
            double[] times = [.. problem.Grid.Times];
            Tensor first = new Sampler(problem.Denoiser(), problem.Schedule, Solver.Ddim(), TimeGrid.FromTimes(times[..2])).Sample(
                GuidanceProblem.Start,
                scheduled[0]);
            Tensor rest = new Sampler(problem.Denoiser(), problem.Schedule, Solver.Ddim(), TimeGrid.FromTimes(times[1..]))
                .Sample(first - (0.05 * gradient.StartNoise), Costate.Condition.Scheduled(scheduled.slice(0, 1, 12, 1)));
            Near.Equal(rest, guided.Sample, 1e-12);
        }
    }

    [Fact]
    public void ClassifierFreeGuidance_Composes()
    {
        using var scope = NewDisposeScope();
        Tensor none = zeros(1, 2, ScalarType.Float64);
        Denoiser both = problem.Denoiser().WithClassifierFreeGuidance(none, 1.5);
        Denoiser written = Denoiser.FromFunction(
            (x, t, z) =>
            {
                Tensor without = problem.Denoiser().Call(x, t[0].item<double>(), none.expand(x.shape[0], 2));
                return without + (1.5 * (problem.Denoiser().Call(x, t[0].item<double>(), z) - without));
            },
            Prediction.Noise);
        GuidanceOptions options = GuidancePreset.Tfg(0.05, 0.05, draws: 2);
        GuidedSample guided = new GuidedSampler(both, problem.Schedule, problem.Grid, options).Sample(
            GuidanceProblem.Start,
            problem.Condition,
            problem.Loss);
        Near.Equal(
            new GuidedSampler(written, problem.Schedule, problem.Grid, options)
                .Sample(GuidanceProblem.Start, problem.Condition, problem.Loss)
                .Sample,
            guided.Sample,
            1e-12);
        Assert.Equal(24, guided.Cost.NetworkEvaluations);
    }

    [Fact]
    public void Seed_DecidesTheSample()
    {
        using var scope = NewDisposeScope();
        var sampler = new GuidedSampler(problem.Denoiser(), problem.Schedule, problem.Grid, GuidancePreset.Tfg(0.05, 0.05));
        Tensor Draw(ulong seed) => sampler.Sample(GuidanceProblem.Start, problem.Condition, problem.Loss, seed).Sample;
        Assert.True(Draw(1).Equals(Draw(1)));
        Assert.False(Draw(1).Equals(Draw(2)));
    }

    [Fact]
    public void SinglePrecision_StaysSingle()
    {
        using var scope = NewDisposeScope();
        GuidedSample guided = new GuidedSampler(problem.Denoiser(), problem.Schedule, problem.Grid, GuidancePreset.Tfg(0.05, 0.05)).Sample(
            GuidanceProblem.Start.to(ScalarType.Float32),
            problem.Condition.to(ScalarType.Float32),
            x => (x - 1).square().sum(1),
            GuidanceProblem.Seeds);
        Assert.Equal(ScalarType.Float32, guided.Sample.dtype);
        Assert.Equal(ScalarType.Float32, guided.StepLosses.dtype);
        Near.Equal(
            problem.Guide(GuidancePreset.Tfg(0.05, 0.05), x => (x - 1).square().sum(1)).Sample,
            guided.Sample.to(ScalarType.Float64),
            1e-4);
    }

    [Fact]
    public void Progress_AndCancellation()
    {
        using var scope = NewDisposeScope();
        var seen = new List<int>();
        var sampler = new GuidedSampler(problem.Denoiser(), problem.Schedule, problem.Grid, GuidancePreset.Dps());
        sampler.Sample(GuidanceProblem.Start, problem.Condition, problem.Loss, 0, new Immediate(p => seen.Add(p.Done)));
        Assert.Equal(Enumerable.Range(1, 12), seen);
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() =>
            sampler.Sample(GuidanceProblem.Start, problem.Condition, problem.Loss, 0, new Immediate(_ => stop.Cancel()), stop.Token));
    }

    private sealed class Immediate(Action<StepProgress> report) : IProgress<StepProgress>
    {
        public void Report(StepProgress value) => report(value);
    }
}
