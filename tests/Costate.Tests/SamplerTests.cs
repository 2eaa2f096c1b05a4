using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class SamplerTests
{
    private const int Steps = 5;

    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    public static TheoryData<string> Names => Solvers.Every;

    [Theory]
    [MemberData(nameof(Names))]
    public void Item_DoesNotDependOnItsBatch_AndRepeats(string name)
    {
        using var scope = NewDisposeScope();
        Sampler sampler = Elementwise(name);
        Tensor start = SmallNet.Start(4);
        Tensor z = StartNoise.Draw([4, 3], 6, ScalarType.Float64);
        BrownianPath noise = BrownianPath.PerStep(2);
        GradientMethod[] methods =
        [
            GradientMethod.Discrete(), GradientMethod.Discrete(Checkpointing.Revolve(2)), GradientMethod.Unrolled(),
                GradientMethod.AdjointDeis(1), GradientMethod.AdjointDeis(2),
            GradientMethod.AdjointDeis(2, steps: 7),
        ];
        GradientMethod rebuilt = GradientMethod.AdjointDeis(2, trajectory: Trajectory.SolvedBackward);
        if (name is "consistency" or "dpm2-ancestral" or "sa-2" or "sa-3-4")
        {
            // Their steps have no one state and prediction that the last could be solved for.
            Assert.Throws<ArgumentException>(() => sampler.Gradient(start, z, x => x.square().flatten(1).sum(1), rebuilt, noise));
        }
        else
        {
            methods = [.. methods, rebuilt];
        }

        Tensor whole = sampler.Sample(start, z, noise);
        Assert.Equal(whole, sampler.Sample(start, z, BrownianPath.PerStep(2)));
        Assert.Equal(whole.narrow(0, 0, 1), sampler.Sample(start.narrow(0, 0, 1), z.narrow(0, 0, 1), noise));
        foreach (GradientMethod method in methods)
        {
            AssertItemsAreTheirOwn(sampler, start, z, method, noise);
        }
    }

    [Fact]
    public void Item_OfAReversibleGradient_DoesNotDependOnItsBatch_AndRepeats()
    {
        using var scope = NewDisposeScope();
        foreach (
            Solver solver in new[]
            {
                Solver.Rex(ButcherTableau.Midpoint),
                Solver.Rex(ButcherTableau.Shark),
                Solver.Edict(),
                Solver.Bdia(),
                Solver.Belm(),
            })
        {
            AssertItemsAreTheirOwn(
                Elementwise(solver),
                SmallNet.Start(4),
                StartNoise.Draw([4, 3], 6, ScalarType.Float64),
                GradientMethod.Reversible(),
                BrownianPath.PerStep(2));
        }
    }

    [Fact]
    public void Item_AnywhereInABatch_IsTheSame()
    {
        using var scope = NewDisposeScope();
        Sampler sampler = Elementwise("sde-dpm++2");
        Tensor start = SmallNet.Start(3);
        Tensor whole = sampler.Sample(start, null, BrownianPath.PerStep(NoiseSeeds.OfItems(5, 6, 7)));
        Assert.Equal(whole.narrow(0, 2, 1), sampler.Sample(start.narrow(0, 2, 1), null, BrownianPath.PerStep(NoiseSeeds.OfItems(7))));
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.BFloat16)]
    public void Sample_KeepsTheDtype_AndTellsTheTimeInAtLeast32Bits(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        List<ScalarType> seen = [];
        var denoiser = Denoiser.FromFunction(
            (x, t, _) =>
            {
                seen.Add(t.dtype);
                Assert.Equal([x.shape[0]], t.shape);
                return x * 0.5;
            },
            Prediction.Noise);
        var sampler = new Sampler(denoiser, Schedule, Solver.DpmSolverPlusPlus(2), TimeGrid.Uniform(Steps));
        SampleGradient gradient = sampler.Gradient(SmallNet.Start(2, dtype), null, x => x.square().sum(1));
        Assert.Equal(dtype, gradient.Sample.dtype);
        Assert.Equal(dtype, gradient.StartNoise.dtype);
        Assert.All(seen, type => Assert.Equal(dtype == ScalarType.BFloat16 ? ScalarType.Float32 : dtype, type));
    }

    [Fact]
    public void ScalarLoss_IsTheSum()
    {
        using var scope = NewDisposeScope();
        Sampler sampler = Elementwise("ddim");
        SampleGradient items = sampler.Gradient(SmallNet.Start(), null, x => x.square().sum(1));
        SampleGradient scalar = sampler.Gradient(SmallNet.Start(), null, x => x.square().sum());
        Assert.Equal(items.StartNoise, scalar.StartNoise);
        Assert.Equal([1], scalar.Loss.shape);
        Near.Equal(items.Loss.sum().reshape(1), scalar.Loss, 1e-14);
    }

    [Fact]
    public void Progress_CountsToTheEnd()
    {
        using var scope = NewDisposeScope();
        List<StepProgress> reports = [];
        var progress = new Reporter(reports);
        Sampler sampler = Elementwise("heun");
        sampler.Gradient(SmallNet.Start(), null, SmallNet.Loss, progress: progress);
        Assert.Equal(Enumerable.Range(1, 2 * Steps), reports.Where(r => r.Phase == SamplingPhase.Sampling).Select(r => r.Done));
        Assert.Equal(Enumerable.Range(1, 2 * Steps), reports.Where(r => r.Phase == SamplingPhase.Gradient).Select(r => r.Done));
        Assert.All(reports, r => Assert.Equal(2 * Steps, r.Total));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(7)]
    public void Cancellation_StopsAtAnEvaluation_AndLeavesNothing(int after)
    {
        using Tensor start = SmallNet.Start();
        foreach (
            GradientMethod method in new[]
            {
                after < Steps ? GradientMethod.Discrete() : GradientMethod.Discrete(Checkpointing.States),
                GradientMethod.Discrete(Checkpointing.Graphs(GraphBudget.OfEvaluations(1))),
                GradientMethod.Discrete(Checkpointing.Revolve(2)),
                GradientMethod.AdjointDeis(2, steps: Steps + 1),
                GradientMethod.AdjointDeis(2, trajectory: Trajectory.SolvedBackward),
            })
        {
            int calls = 0;
            using var source = new CancellationTokenSource();
            var stopping = new Sampler(
                Denoiser.FromFunction(
                    (x, _, _) =>
                    {
                        if (calls++ == after)
                        {
                            source.Cancel();
                        }

                        return x * 0.5;
                    },
                    Prediction.Noise),
                Schedule,
                Solver.DpmSolverPlusPlus(2),
                TimeGrid.Uniform(Steps));
            Assert.Throws<OperationCanceledException>(() =>
            {
                stopping.Gradient(start, null, SmallNet.Loss, method, cancellationToken: source.Token);
            });
            Assert.Equal(after + 1, calls);
        }
    }

    [Fact]
    public void Arguments_AreNeitherChangedNorDisposed_AndResultsGoToTheCaller()
    {
        using Tensor start = SmallNet.Start();
        using Tensor z = SmallNet.Condition();
        using Tensor before = start.clone();
        using var outer = NewDisposeScope();
        using var net = new SmallNet();
        var sampler = new Sampler(Denoiser.FromModule(net, Prediction.Noise), Schedule, Solver.UniPc(2), TimeGrid.Uniform(Steps));
        long alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Tensor sample = sampler.Sample(start, z);
        Assert.Equal(alive + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        SampleGradient gradient = sampler.Gradient(start, z, SmallNet.Loss);
        Assert.Equal(alive + 9, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Equal(before, start);
        Assert.False(start.requires_grad);
        Assert.False(gradient.Sample.requires_grad);
        Assert.Equal(sample, gradient.Sample);
        Assert.All(net.parameters(), parameter => Assert.Null(parameter.grad));
    }

    [Fact]
    public void Gradient_LeavesWhatTheParametersHadAccumulated()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        var parameter = net.parameters().First();
        parameter.grad = ones_like(parameter);
        var sampler = new Sampler(Denoiser.FromModule(net, Prediction.Noise), Schedule, Solver.Ddim(), TimeGrid.Uniform(Steps));
        foreach (GradientMethod method in new[] { GradientMethod.Discrete(), GradientMethod.Unrolled(), GradientMethod.AdjointDeis(1) })
        {
            sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, method);
            Assert.Equal(parameter.numel(), parameter.grad!.sum().item<double>());
        }
    }

    [Fact]
    public void ConstantNetwork_HasTheGradientOfTheLinearPart()
    {
        // The output does not depend on x at all: no product to take, but the table still carries the state's own weights.
        using var scope = NewDisposeScope();
        var sampler = new Sampler(
            Denoiser.FromFunction((x, _, _) => zeros_like(x), Prediction.Noise),
            Schedule,
            Solver.Ddim(),
            TimeGrid.Uniform(Steps));
        Tensor gradient = sampler.Gradient(SmallNet.Start(), null, x => x.sum(1)).StartNoise;
        double expected = Schedule.Alpha(1e-3) / Schedule.Alpha(1);
        Near.Equal(full_like(gradient, expected), gradient, 1e-12);
    }

    [Fact]
    public void Inversion_OnTheReversedGrid_ComesCloseToTheStart()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        TimeGrid grid = TimeGrid.UniformLogSnr(Schedule, 400, 0.9, 0.05);
        var denoiser = Denoiser.FromModule(net, Prediction.Noise);
        Tensor sample = new Sampler(denoiser, Schedule, Solver.DpmSolver(2), grid).Sample(SmallNet.Start(), SmallNet.Condition());
        Tensor start = new Sampler(denoiser, Schedule, Solver.DpmSolver(2), grid.Reversed()).Sample(sample, SmallNet.Condition());
        Near.Equal(SmallNet.Start(), start, 1e-3);
    }

    private static void AssertItemsAreTheirOwn(Sampler sampler, Tensor start, Tensor z, GradientMethod method, BrownianPath noise)
    {
        SampleGradient gradient = sampler.Gradient(start, z, SmallNet.Loss, method, noise);
        SampleGradient first = sampler.Gradient(start.narrow(0, 0, 1), z.narrow(0, 0, 1), SmallNet.Loss, method, noise);
        SampleGradient again = sampler.Gradient(start, z, SmallNet.Loss, method, noise);
        Assert.Equal(gradient.StartNoise, again.StartNoise);
        Assert.Equal(gradient.Condition, again.Condition);
        Assert.Equal(gradient.StartNoise.narrow(0, 0, 1), first.StartNoise);
        Assert.Equal(gradient.Condition!.narrow(0, 0, 1), first.Condition);
        Assert.Equal(gradient.Loss.narrow(0, 0, 1), first.Loss);
        Assert.Equal([start.shape[0]], gradient.Loss.shape);
    }

    private static Sampler Elementwise(string solver) => Elementwise(Solvers.Named(solver));

    private static Sampler Elementwise(Solver solver) => new(
            Denoiser.FromFunction(
                (x, t, z) => (x * 0.7).tanh() + (t.unsqueeze(1) * x * 0.2) + (z is null ? 0 : 0.1 * z.sin()),
                Prediction.Noise),
            Schedule,
            solver,
            TimeGrid.UniformLogSnr(Schedule, Steps, 1, 0.01));

    private sealed class Reporter(List<StepProgress> reports) : IProgress<StepProgress>
    {
        public void Report(StepProgress value) => reports.Add(value);
    }
}
