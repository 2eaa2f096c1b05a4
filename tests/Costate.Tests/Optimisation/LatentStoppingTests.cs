using static Costate.Tests.LatentProblem;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Items that stop before the others.</summary>
public sealed class LatentStoppingTests
{
    [Fact]
    public void Bfgs_AtAMinimum_Stops()
    {
        using var scope = NewDisposeScope();
        var identity = new Sampler(Denoiser.FromFunction((x, _, _) => x * 0.0, Prediction.Noise), Problem.Schedule, Solver.Ddim(), Grid());
        OptimisedLatent result = new LatentOptimisation(identity, x => x.square().sum(1), Options("l-bfgs", 30)).Run(
            cat([zeros(1, 2, ScalarType.Float64), Starts(1)]));
        Assert.Equal(0, result.BestIteration[0]);
        Assert.Equal(Steps, result.NetworkEvaluations[0]);
        Assert.InRange(result.BestLoss[1], 0, 1e-12);
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
        Assert.Equal([7 * Steps, Steps, 7 * Steps], result.NetworkEvaluations);
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
        OptimisedLatent result = new LatentOptimisation(NewSampler(), x => (x.sum(1) * 0.0) + given[call++], options).Run(
            Starts(1),
            Conditions(1));
        Assert.Equal(5, call);
        Assert.Equal((3.95, 3), (result.BestLoss[0], result.BestIteration[0]));
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
            OptimisedLatent part = new LatentOptimisation(sampler, Loss, options with { StopAtLoss = -1e5 }).Run(
                Starts(3),
                Conditions(3),
                path);
            Assert.Equal(Steps, part.NetworkEvaluations[0]);
            Near.Equal(all.Sample.narrow(0, 1, 2), part.Sample.narrow(0, 1, 2), 1e-12);
        }
    }
}
