using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Optimisation through the sampler, on the mixture in 64 bits and on a small network.</summary>
public sealed class LatentOptimisationTests
{
    private const int Steps = 6;
    private const double Rate = 0.05;

    private static readonly Mixture Problem = Mixture.Load();

    public static TheoryData<string> Optimisers => ["descent", "momentum", "adam", "l-bfgs"];

    [Fact]
    public void Descent_EqualsAStraightLoop()
    {
        using var scope = NewDisposeScope();
        Sampler sampler = NewSampler();
        (Tensor x, Tensor z) = (Starts(2), Conditions(2));
        OptimisedLatent result = Optimise(sampler, "descent", 4, OptimisationTargets.StartNoise | OptimisationTargets.Condition).Run(x, z);
        Tensor[] losses = new Tensor[5];
        for (int i = 0; i < losses.Length; i++)
        {
            SampleGradient gradient = sampler.Gradient(x, z, Problem.Loss, GradientMethod.Unrolled());
            losses[i] = gradient.Loss;
            if (i < 4)
            {
                (x, z) = (x - (Rate * gradient.StartNoise), z - (2 * Rate * gradient.Condition!));
            }
        }

        // Two orders of summation through five gradients: 1e-12 is the bound of one gradient, 1e-14 what is seen.
        Near.Equal(stack(losses), result.Losses, 1e-11);
        Assert.Equal([4, 4], result.BestIteration);
        Near.Equal(x, result.StartNoise, 1e-11);
        Near.Equal(z, result.Condition!.Values, 1e-11);
        Near.Equal(sampler.Sample(x, z), result.Sample, 1e-11);
        Assert.Equal((4 * 2 * Steps) + Steps, result.Cost.NetworkEvaluations);
        Assert.Equal(4 * Steps, result.Cost.VectorJacobianProducts);
        Assert.Equal([9 * Steps, 9 * Steps], result.NetworkEvaluations);
    }

    [Theory]
    [MemberData(nameof(Optimisers))]
    public void Items_DoNotDependOnTheirBatch(string optimiser)
    {
        using var scope = NewDisposeScope();
        (Tensor x, Tensor z) = (Starts(3), Conditions(3));
        foreach (bool drops in new[] { false, true })
        {
            var options = Options(optimiser, 8) with { Patience = 2, StopAtLoss = 0.6, KeepStartNorm = true, MaxGradientNorm = 2, InjectedNoise = optimiser == "l-bfgs" ? 0 : 1e-3, InjectedNoiseSeeds = [4, 5, 6] };
            OptimisedLatent together = Optimisation(options, drops).Run(x, z);
            for (int item = 0; item < 3; item++)
            {
                OptimisedLatent alone = Optimisation(options with { InjectedNoiseSeeds = [(ulong)(4 + item)] }, drops).Run(x.narrow(0, item, 1), z.narrow(0, item, 1));

                // The batched network sums in another order than the single one.
                Near.Equal(alone.Sample, together.Sample.narrow(0, item, 1), 1e-10);
                Near.Equal(alone.StartNoise, together.StartNoise.narrow(0, item, 1), 1e-10);
                Assert.Equal(alone.BestIteration[0], together.BestIteration[item]);
                Assert.Equal(alone.NetworkEvaluations[0], together.NetworkEvaluations[item]);
                Assert.Equal(alone.BestLoss[0], together.BestLoss[item], 1e-10);
                Assert.Equal(x[item].norm().item<double>(), together.StartNoise[item].norm().item<double>(), 1e-12);
            }
        }

        LatentOptimisation Optimisation(LatentOptimisationOptions options, bool drops) => drops
            ? new(NewSampler(), (s, _) => Problem.Loss(s), options)
            : new(NewSampler(), Problem.Loss, options);
    }

    [Theory]
    [MemberData(nameof(Optimisers))]
    public void EveryOptimiser_LowersTheLoss_AndLeavesTheInputsAlone(string optimiser)
    {
        using var scope = NewDisposeScope();
        (Tensor x, Tensor z) = (Starts(2), Conditions(2));
        (Tensor before, Tensor beforeZ) = (x.clone(), z.clone());
        OptimisedLatent result = Optimise(NewSampler(), optimiser, 10, OptimisationTargets.StartNoise | OptimisationTargets.Condition).Run(x, z);
        Assert.All(Enumerable.Range(0, 2), i => Assert.True(result.BestLoss[i] < result.Losses[0, i].item<double>() - 0.1));
        Assert.True(x.equal(before).all().item<bool>() && z.equal(beforeZ).all().item<bool>());
        Near.Equal(Problem.Loss(result.Sample), tensor(result.BestLoss.ToArray(), dtype: ScalarType.Float64), 1e-13);
        Near.Equal(result.Sample, NewSampler().Sample(result.StartNoise, result.Condition), 1e-13);
    }

    [Fact]
    public void Bfgs_FindsTheMinimumOfAQuadratic()
    {
        using var scope = NewDisposeScope();
        var row = new LimitedMemoryRow(memory: 10, trials: 20);
        Tensor curvature = logspace(0, 3, 8, dtype: ScalarType.Float64);
        Tensor minimum = arange(8, dtype: ScalarType.Float64);
        Tensor at = zeros_like(minimum);
        int evaluations = 0;
        for (; evaluations < 200 && !row.IsSettled; evaluations++)
        {
            Tensor away = at - minimum;
            if (away.abs().max().item<double>() < 1e-9)
            {
                break;
            }

            at = row.Next(at, 0.5 * (curvature * away.square()).sum().item<double>(), curvature * away);
        }

        Assert.True((at - minimum).abs().max().item<double>() < 1e-9);

        // Descent at the best single rate would need about 1000 log(1e9)/2 steps.
        Assert.InRange(evaluations, 5, 80);
        row.Dispose();
    }

    [Fact]
    public void Bfgs_AtAMinimum_Stops()
    {
        using var scope = NewDisposeScope();
        var identity = new Sampler(Denoiser.FromFunction((x, _, _) => x * 0.0, Prediction.Noise), Problem.Schedule, Solver.Ddim(), Grid());
        OptimisedLatent result = new LatentOptimisation(identity, x => x.square().sum(1), Options("l-bfgs", 30)).Run(cat([zeros(1, 2, ScalarType.Float64), Starts(1)]));
        Assert.Equal(0, result.BestIteration[0]);
        Assert.Equal(2 * Steps, result.NetworkEvaluations[0]);
        Assert.InRange(result.BestLoss[1], 0, 1e-12);
    }

    [Fact]
    public void Best_IsKept_WhenTheLossRises()
    {
        using var scope = NewDisposeScope();
        var options = new LatentOptimisationOptions { Iterations = 3, StartNoiseRate = 1e3, Targets = OptimisationTargets.StartNoise };
        OptimisedLatent result = new LatentOptimisation(NewSampler(), Problem.Loss, options).Run(Starts(1), Conditions(1));
        Tensor losses = result.Losses[TensorIndex.Ellipsis, 0];
        Assert.True(losses[3].item<double>() > losses.min().item<double>());
        Assert.Equal(losses.min().item<double>(), result.BestLoss[0]);
        Assert.Equal(losses.argmin().item<long>(), result.BestIteration[0]);
        Near.Equal(Problem.Loss(result.Sample), losses.min().unsqueeze(0), 1e-13);
    }

    [Fact]
    public void Items_StopEarly_EachByItself()
    {
        using var scope = NewDisposeScope();
        var seen = new List<int>();
        var options = new LatentOptimisationOptions { Iterations = 6, StartNoiseRate = Rate, StopAtLoss = 1, Targets = OptimisationTargets.StartNoise };
        LatentOptimisation optimisation = new(NewSampler(), (x, items) =>
        {
            seen.Add(items.Count);
            return x.square().sum(1) + tensor(items.Select(i => i == 1 ? -100.0 : 100.0).ToArray());
        }, options);
        OptimisedLatent result = optimisation.Run(Starts(3), Conditions(3));
        Assert.Equal([3, 2, 2, 2, 2, 2, 2], seen);
        Assert.Equal(0, result.BestIteration[1]);
        Assert.Equal([13 * Steps, 2 * Steps, 13 * Steps], result.NetworkEvaluations);
        Assert.True(result.Losses[1, 1].isnan().item<bool>());
        Near.Equal(Starts(3)[1], result.StartNoise[1], 1e-15);
    }

    [Fact]
    public void UnconditionalOfEachItem_GoesWithIt_WhenOthersHaveStopped()
    {
        using var scope = NewDisposeScope();
        Denoiser guided = Problem.Denoiser().WithClassifierFreeGuidance(0.5 * StartNoise.Draw([3, 2], 33, ScalarType.Float64), 1.5);
        var sampler = new Sampler(guided, Problem.Schedule, Solver.DpmSolverPlusPlus(2), Grid());
        var options = new LatentOptimisationOptions { Iterations = 3, StartNoiseRate = Rate, StopAtLoss = -1e5 };
        OptimisedLatent all = new LatentOptimisation(sampler, Problem.Loss, options).Run(Starts(3), Conditions(3));
        Tensor Loss(Tensor x, IReadOnlyList<int> items) => Problem.Loss(x) - tensor(items.Select(i => i == 0 ? 1e6 : 0.0).ToArray());
        OptimisedLatent part = new LatentOptimisation(sampler, Loss, options).Run(Starts(3), Conditions(3));
        Assert.True(part.NetworkEvaluations[0] < part.NetworkEvaluations[1]);
        Near.Equal(all.Sample.narrow(0, 1, 2), part.Sample.narrow(0, 1, 2), 1e-12);
    }

    [Fact]
    public void Patience_CountsIterationsWithoutImprovement()
    {
        using var scope = NewDisposeScope();
        double[] given = [5, 4, 4.5, 3.95, 4.2, 4.3, 4.4];
        int call = 0;
        var options = new LatentOptimisationOptions { Iterations = 6, Patience = 3, MinImprovement = 0.1 };
        OptimisedLatent result = new LatentOptimisation(NewSampler(), x => (x.sum(1) * 0.0) + given[call++], options).Run(Starts(1), Conditions(1));
        Assert.Equal(5, call);
        Assert.Equal((3.95, 3), (result.BestLoss[0], result.BestIteration[0]));
    }

    [Fact]
    public void ScheduledCondition_IsOptimised()
    {
        using var scope = NewDisposeScope();
        Tensor z = Conditions(2).unsqueeze(0).repeat(Steps, 1, 1);
        Sampler sampler = NewSampler();
        OptimisedLatent result = Optimise(sampler, "descent", 1, OptimisationTargets.Condition).Run(Starts(2), Condition.Scheduled(z));
        SampleGradient gradient = sampler.Gradient(Starts(2), Condition.Scheduled(z), Problem.Loss);
        Assert.True(result.Condition!.IsScheduled);
        Near.Equal(z - (2 * Rate * gradient.Condition!), result.Condition.Values, 1e-13);
        Near.Equal(Starts(2), result.StartNoise, 1e-15);
    }

    [Fact]
    public void LowRankUpdates_AreOptimised_AsOneProblem_AndRestoredOnFailure()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        using var left = new Parameter(zeros(3, 1, ScalarType.Float64));
        using var right = new Parameter(StartNoise.Draw([1, 3], 8, ScalarType.Float64));
        foreach (Parameter frozen in net.parameters())
        {
            frozen.requires_grad_(false);
        }

        var denoiser = Denoiser.FromFunction((x, t, z) => net.call(x, t, z!) + x.mm(left.mm(right).t()), Prediction.Noise, parameters: [left, right]);
        var sampler = new Sampler(denoiser, Problem.Schedule, Solver.Ddim(), Grid());
        SampleGradient gradient = sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss);
        var options = new LatentOptimisationOptions { Iterations = 1, Targets = OptimisationTargets.Parameters, ParameterRate = 1e-6 };
        Tensor expected = left.detach() - (1e-6 * gradient.Parameters[0]);
        int call = 0;
        Tensor Fails(Tensor x) => call++ == 1 ? throw new InvalidOperationException("No.") : SmallNet.Loss(x);
        Assert.Throws<InvalidOperationException>(() => new LatentOptimisation(sampler, Fails, options).Run(SmallNet.Start(), SmallNet.Condition()));
        Assert.Equal(0, left.abs().max().item<double>());
        OptimisedLatent result = new LatentOptimisation(sampler, SmallNet.Loss, options).Run(SmallNet.Start(), SmallNet.Condition());
        Near.Equal(expected, left.detach(), 1e-13);
        Assert.Equal([2, 1], result.Losses.shape);
        Assert.Equal(gradient.Loss.sum().item<double>(), result.Losses[0, 0].item<double>(), 1e-12);
        Assert.True(result.BestLoss[0] < result.Losses[0, 0].item<double>());
        Near.Equal(sampler.Sample(SmallNet.Start(), SmallNet.Condition()), result.Sample, 1e-13);
    }

    [Fact]
    public void StochasticSolver_ReplaysItsPath_WhateverHasStopped()
    {
        using var scope = NewDisposeScope();
        var sampler = new Sampler(Problem.Denoiser(), Problem.Schedule, Solver.SdeDpmSolverPlusPlus(2), Grid());
        var options = new LatentOptimisationOptions { Iterations = 3, StartNoiseRate = Rate };
        Tensor recorded = StartNoise.Draw([Steps, 3, 2], 9, ScalarType.Float64);
        foreach (BrownianPath path in new[] { BrownianPath.PerStep(3), BrownianPath.Tree(3), BrownianPath.Recorded(recorded) })
        {
            OptimisedLatent all = new LatentOptimisation(sampler, Problem.Loss, options).Run(Starts(3), Conditions(3), path);
            Tensor Loss(Tensor x, IReadOnlyList<int> items) => Problem.Loss(x) - tensor(items.Select(i => i == 0 ? 1e6 : 0.0).ToArray());
            OptimisedLatent part = new LatentOptimisation(sampler, Loss, options with { StopAtLoss = -1e5 }).Run(Starts(3), Conditions(3), path);
            Assert.Equal(2 * Steps, part.NetworkEvaluations[0]);
            Near.Equal(all.Sample.narrow(0, 1, 2), part.Sample.narrow(0, 1, 2), 1e-12);
        }
    }

    [Fact]
    public void Presets_RunOnTheirSolvers()
    {
        using var scope = NewDisposeScope();
        var edict = new Sampler(Problem.Denoiser(), Problem.Schedule, Solver.Edict(), Grid());
        OptimisedLatent doodl = new LatentOptimisation(edict, Problem.Loss, LatentOptimisationOptions.Doodl with { Iterations = 5 }).Run(Starts(2), Conditions(2));
        // In two dimensions a clipped gradient on a circle may point uphill; in both items it does not.
        Assert.Contains(doodl.BestIteration, best => best > 0);
        Assert.Equal(Starts(2)[1].norm().item<double>(), doodl.StartNoise[1].norm().item<double>(), 1e-12);
        OptimisedLatent dFlow = new LatentOptimisation(NewSampler(), Problem.Loss, LatentOptimisationOptions.DFlow).Run(Starts(2), Conditions(2));

        // sin's lowest value is -1, and the squared distance cannot go below 0.
        Assert.All(dFlow.BestLoss, best => Assert.InRange(best, -1, 1));
        Assert.Same(LatentOptimisationOptions.DFlow, LatentOptimisationOptions.DFlow);
    }

    [Fact]
    public void Progress_TellsLossesAndSamples()
    {
        using var scope = NewDisposeScope();
        var told = new List<(int Iteration, double Loss, double Sample)>();
        var progress = new Told(p => told.Add((p.Iteration, p.Losses[0], p.Samples[0, 0].item<double>())));
        OptimisedLatent result = Optimise(NewSampler(), "descent", 2, OptimisationTargets.StartNoise).Run(Starts(1), Conditions(1), progress: progress);
        Assert.Equal([0, 1, 2], told.Select(t => t.Iteration));
        Assert.Equal(result.Losses.data<double>().ToArray(), told.Select(t => t.Loss));
        Assert.Equal(result.Sample[0, 0].item<double>(), told[2].Sample);
    }

    [Fact]
    public void Cancelled_Throws()
    {
        using var scope = NewDisposeScope();
        using var source = new CancellationTokenSource();
        var progress = new Told(p => source.Cancel());
        Assert.Throws<OperationCanceledException>(() => Optimise(NewSampler(), "adam", 5, OptimisationTargets.StartNoise).Run(Starts(1), Conditions(1), progress: progress, cancellationToken: source.Token));
    }

    [Fact]
    public void BadLosses_AreNamed_WithIterationAndItem()
    {
        using var scope = NewDisposeScope();
        Says(x => x.sum(), "shape []", "[2]", "iteration 0");
        Says(x => x, "shape [2, 2]", "one value for each item");
        Says(x => x.detach().sum(1), "no gradient", "iteration 0");
        Says(_ => null!, "null");
        Says(x => x.sum(1) / tensor(new[] { 1.0, 0 }), "item 1", "iteration 0", "finite");
        Says(x => x.mul(0).sqrt().sum(1), "gradient is NaN", "item 0", "iteration 0");

        void Says(Func<Tensor, Tensor> loss, params string[] texts)
        {
            var error = Assert.Throws<InvalidOperationException>(() => new LatentOptimisation(NewSampler(), loss).Run(Starts(2), Conditions(2)));
            Assert.All(texts, text => Assert.Contains(text, error.Message));
        }
    }

    // A weight whose gradient leads to where the network answers NaN, and a loss that becomes NaN.
    [Theory]
    [InlineData("descent", 1e160, 1)]
    [InlineData("momentum-unclipped", 1e160, 1)]
    [InlineData("adam", double.NaN, 2)]
    [InlineData("l-bfgs", double.NaN, 2)]
    public void DivergedItem_LeavesTheOthersAlone(string optimiser, double weight, int iteration)
    {
        using var scope = NewDisposeScope();
        LatentOptimisationOptions options = Options(optimiser, 5) with { Optimiser = optimiser == "momentum-unclipped" ? LatentOptimiser.GradientDescent(0.9) : Options(optimiser, 5).Optimiser };
        foreach ((bool drops, GradientMethod method) in new[] { (false, GradientMethod.Discrete()), (true, GradientMethod.Discrete()), (false, GradientMethod.Unrolled()) })
        {
            int calls = 0;
            Tensor Loss(Tensor x, IReadOnlyList<int> items)
            {
                double its = double.IsNaN(weight) && calls++ < 2 ? 1 : weight;
                return Problem.Loss(x) * tensor(items.Select(i => i == 1 ? its : 1).ToArray());
            }

            OptimisedLatent found = (drops ? new LatentOptimisation(NewSampler(), Loss, options with { Method = method }) : new(NewSampler(), x => Loss(x, [0, 1, 2]), options with { Method = method }))
                .Run(Starts(3), Conditions(3));
            DivergedItem diverged = Assert.Single(found.Diverged);
            Assert.Equal((1, iteration), (diverged.Item, diverged.Step));
            foreach (int i in (int[])[0, 2])
            {
                OptimisedLatent alone = new LatentOptimisation(NewSampler(), Problem.Loss, options with { Method = method }).Run(Starts(3).narrow(0, i, 1), Conditions(3).narrow(0, i, 1));
                Assert.Empty(alone.Diverged);

                // Sums over one item and over three, in 64 bits, through five iterations.
                Near.Equal(alone.Sample[0], found.Sample[i], 1e-10);
                Near.Equal(alone.Losses[TensorIndex.Ellipsis, 0], found.Losses[TensorIndex.Ellipsis, i], 1e-10);
            }

            // It keeps its best, and its losses end.
            Assert.True(found.Sample.isfinite().all().item<bool>() && found.StartNoise.isfinite().all().item<bool>() && found.Condition!.Values.isfinite().all().item<bool>());
            Assert.True(found.Losses[5, 1].isnan().item<bool>());
            Assert.InRange(found.BestIteration[1], 0, Math.Max(0, iteration - 1));
        }
    }

    // Rates that lead to infinity at once, and to where the network answers NaN.
    [Theory]
    [InlineData(1e308, 0)]
    [InlineData(1e300, 1)]
    public void DivergedWeights_AreRestoredToTheirBest(double rate, int iteration)
    {
        using var scope = NewDisposeScope();
        using var weight = new Parameter(ones(1, ScalarType.Float64));
        Denoiser denoiser = Denoiser.FromFunction((x, t, z) => Problem.Denoiser().Call(x, t[0].item<double>(), z!) * weight, Prediction.Noise, parameters: [weight]);
        var options = new LatentOptimisationOptions { Iterations = 5, Targets = OptimisationTargets.Parameters, ParameterRate = rate };
        OptimisedLatent found = new LatentOptimisation(new Sampler(denoiser, Problem.Schedule, Solver.Ddim(), Grid()), Problem.Loss, options).Run(Starts(3), Conditions(3));
        Assert.All(found.Diverged, d => Assert.Equal(iteration, d.Step));
        Assert.Equal([0, 1, 2], found.Diverged.Select(d => d.Item));
        Assert.Equal(1, weight.item<double>());
        Assert.Equal(found.Losses[0, 0].item<double>(), found.BestLoss[0]);
    }

    [Fact]
    public void BadOptions_AreRefused()
    {
        using var scope = NewDisposeScope();
        Refuses(new() { Iterations = -1 }, "-1 iterations");
        Refuses(new() { StartNoiseRate = 0 }, "StartNoiseRate 0");
        Refuses(new() { ConditionRate = double.NaN }, "ConditionRate");
        Refuses(new() { Patience = 0 }, "Patience 0");
        Refuses(new() { InjectedNoise = 1, Optimiser = LatentOptimiser.LimitedMemoryBfgs() }, "line search");
        Refuses(new() { Targets = OptimisationTargets.None }, "None");
        Refuses(new() { Targets = OptimisationTargets.Parameters }, "names none");
        Assert.Contains("momentum 1", Assert.Throws<ArgumentOutOfRangeException>(() => LatentOptimiser.GradientDescent(1)).Message);
        var onlyCondition = new LatentOptimisationOptions { Targets = OptimisationTargets.Condition };
        Assert.Contains("no condition", Assert.Throws<ArgumentException>(() => new LatentOptimisation(NewSampler(), Problem.Loss, onlyCondition).Run(Starts(1))).Message);
        var seeds = new LatentOptimisationOptions { InjectedNoise = 1, InjectedNoiseSeeds = [1, 2] };
        Assert.Contains("2 seeds", Assert.Throws<ArgumentException>(() => new LatentOptimisation(NewSampler(), Problem.Loss, seeds).Run(Starts(1))).Message);

        static void Refuses(LatentOptimisationOptions options, string text) =>
            Assert.Contains(text, Assert.Throws<ArgumentException>(() => new LatentOptimisation(NewSampler(), Problem.Loss, options)).Message);
    }

    private static TimeGrid Grid() => TimeGrid.UniformLogSnr(Problem.Schedule, Steps, 1, 0.01);

    private static Sampler NewSampler() => new(Problem.Denoiser(), Problem.Schedule, Solver.DpmSolverPlusPlus(2), Grid());

    private static Tensor Starts(int batch) => StartNoise.Draw([batch, 2], 31, ScalarType.Float64);

    private static Tensor Conditions(int batch) => Problem.ConditionTensor(batch) + StartNoise.Draw([batch, 2], 32, ScalarType.Float64).mul(0.1);

    private static LatentOptimisationOptions Options(string optimiser, int iterations) => new()
    {
        Iterations = iterations,
        StartNoiseRate = Rate,
        ConditionRate = 2 * Rate,
        Optimiser = optimiser switch
        {
            "descent" => LatentOptimiser.GradientDescent(),
            "momentum" => LatentOptimiser.GradientDescent(0.9, 0.1),
            "adam" => LatentOptimiser.Adam(),
            _ => LatentOptimiser.LimitedMemoryBfgs(5),
        },
    };

    private static LatentOptimisation Optimise(Sampler sampler, string optimiser, int iterations, OptimisationTargets targets) =>
        new(sampler, Problem.Loss, Options(optimiser, iterations) with { Targets = targets });

    private sealed class Told(Action<OptimisationProgress> tell) : IProgress<OptimisationProgress>
    {
        public void Report(OptimisationProgress value) => tell(value);
    }
}
