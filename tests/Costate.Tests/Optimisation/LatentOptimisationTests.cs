using TorchSharp.Modules;
using static Costate.Tests.LatentProblem;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Optimisation through the sampler, on the mixture in 64 bits and on a small network.</summary>
public sealed class LatentOptimisationTests
{
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
        Assert.Equal(5 * Steps, result.Cost.NetworkEvaluations);
        Assert.Equal(4 * Steps, result.Cost.VectorJacobianProducts);
        Assert.Equal([5 * Steps, 5 * Steps], result.NetworkEvaluations);
    }

    [Theory]
    [MemberData(nameof(Optimisers))]
    public void Items_DoNotDependOnTheirBatch(string optimiser)
    {
        using var scope = NewDisposeScope();
        (Tensor x, Tensor z) = (Starts(3), Conditions(3));
        foreach (bool drops in new[] { false, true })
        {
            var options = Options(optimiser, 8) with
            {
                Patience = 2,
                StopAtLoss = 0.6,
                KeepStartNorm = true,
                MaxGradientNorm = 2,
                InjectedNoise = optimiser == "l-bfgs" ? 0 : 1e-3,
                InjectedNoiseSeeds = NoiseSeeds.OfItems(4, 5, 6),
            };
            OptimisedLatent together = Optimisation(options, drops).Run(x, z);
            for (int item = 0; item < 3; item++)
            {
                OptimisedLatent alone = Optimisation(options with { InjectedNoiseSeeds = NoiseSeeds.OfItems((ulong)(4 + item)) }, drops)
                    .Run(x.narrow(0, item, 1), z.narrow(0, item, 1));

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
        OptimisedLatent result = Optimise(NewSampler(), optimiser, 10, OptimisationTargets.StartNoise | OptimisationTargets.Condition)
            .Run(x, z);
        Assert.All(Enumerable.Range(0, 2), i => Assert.True(result.BestLoss[i] < result.Losses[0, i].item<double>() - 0.1));
        Assert.True(x.equal(before).all().item<bool>() && z.equal(beforeZ).all().item<bool>());
        Near.Equal(Problem.Loss(result.Sample), tensor(result.BestLoss.ToArray(), dtype: ScalarType.Float64), 1e-13);
        Near.Equal(result.Sample, NewSampler().Sample(result.StartNoise, result.Condition), 1e-13);
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

        var denoiser = Denoiser.FromFunction(
            (x, t, z) => net.call(x, t, z!) + x.mm(left.mm(right).t()),
            Prediction.Noise,
            parameters: [left, right]);
        var sampler = new Sampler(denoiser, Problem.Schedule, Solver.Ddim(), Grid());
        SampleGradient gradient = sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss);
        var options = new LatentOptimisationOptions { Iterations = 1, Targets = OptimisationTargets.Parameters, ParameterRate = 1e-6 };
        Tensor expected = left.detach() - (1e-6 * gradient.Parameters[0]);
        int call = 0;
        Tensor Fails(Tensor x) => call++ == 1 ? throw new InvalidOperationException("No.") : SmallNet.Loss(x);
        Assert.Throws<InvalidOperationException>(() =>
            new LatentOptimisation(sampler, Fails, options).Run(SmallNet.Start(), SmallNet.Condition()));
        Assert.Equal(0, left.abs().max().item<double>());
        OptimisedLatent result = new LatentOptimisation(sampler, SmallNet.Loss, options).Run(SmallNet.Start(), SmallNet.Condition());
        Near.Equal(expected, left.detach(), 1e-13);
        Assert.Equal([2, 1], result.Losses.shape);
        Assert.Equal(gradient.Loss.sum().item<double>(), result.Losses[0, 0].item<double>(), 1e-12);
        Assert.True(result.BestLoss[0] < result.Losses[0, 0].item<double>());
        Near.Equal(sampler.Sample(SmallNet.Start(), SmallNet.Condition()), result.Sample, 1e-13);
    }

    [Fact]
    public void Presets_RunOnTheirSolvers()
    {
        using var scope = NewDisposeScope();
        var edict = new Sampler(Problem.Denoiser(), Problem.Schedule, Solver.Edict(), Grid());
        OptimisedLatent doodl = new LatentOptimisation(edict, Problem.Loss, LatentOptimisationOptions.Doodl with { Iterations = 5 }).Run(
            Starts(2),
            Conditions(2));
        // In two dimensions a clipped gradient on a circle may point uphill; in both items it does not.
        Assert.Contains(doodl.BestIteration, best => best > 0);
        Assert.Equal(Starts(2)[1].norm().item<double>(), doodl.StartNoise[1].norm().item<double>(), 1e-12);
        OptimisedLatent dFlow = new LatentOptimisation(NewSampler(), Problem.Loss, LatentOptimisationOptions.DFlow).Run(
            Starts(2),
            Conditions(2));

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
        OptimisedLatent result = Optimise(NewSampler(), "descent", 2, OptimisationTargets.StartNoise)
            .Run(Starts(1), Conditions(1), progress: progress);
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
        Assert.Throws<OperationCanceledException>(() =>
            Optimise(NewSampler(), "adam", 5, OptimisationTargets.StartNoise)
                .Run(Starts(1), Conditions(1), progress: progress, cancellationToken: source.Token));
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
        Assert.Contains(
            "no condition",
            Assert.Throws<ArgumentException>(() => new LatentOptimisation(NewSampler(), Problem.Loss, onlyCondition).Run(Starts(1))).Message
        );
        var seeds = new LatentOptimisationOptions { InjectedNoise = 1, InjectedNoiseSeeds = NoiseSeeds.OfItems(1, 2) };
        Assert.Contains(
            "2 seeds",
            Assert.Throws<InputException>(() => new LatentOptimisation(NewSampler(), Problem.Loss, seeds).Run(Starts(1))).Message);

        static void Refuses(LatentOptimisationOptions options, string text) =>
            Assert.Contains(
                text,
                Assert.Throws<ArgumentException>(() => new LatentOptimisation(NewSampler(), Problem.Loss, options)).Message);
    }
}
