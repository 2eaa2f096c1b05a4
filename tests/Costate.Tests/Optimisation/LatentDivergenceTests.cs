using TorchSharp.Modules;
using static Costate.Tests.LatentProblem;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Losses and states that are no numbers.</summary>
public sealed class LatentDivergenceTests
{
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
            var error = Assert.Throws<InvalidOperationException>(() =>
                new LatentOptimisation(NewSampler(), loss).Run(Starts(2), Conditions(2)));
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
        LatentOptimisationOptions options = Options(optimiser, 5) with
        {
            Optimiser = optimiser == "momentum-unclipped" ? LatentOptimiser.GradientDescent(0.9) : Options(optimiser, 5).Optimiser,
        };
        foreach (
            (bool drops, GradientMethod method) in new[]
            {
                (false, GradientMethod.Discrete()),
                (true, GradientMethod.Discrete()),
                (false, GradientMethod.Unrolled()),
            })
        {
            int calls = 0;
            Tensor Loss(Tensor x, IReadOnlyList<int> items)
            {
                double its = double.IsNaN(weight) && calls++ < 2 ? 1 : weight;
                return Problem.Loss(x) * tensor(items.Select(i => i == 1 ? its : 1).ToArray());
            }

            OptimisedLatent found = (
                drops
                    ? new LatentOptimisation(NewSampler(), Loss, options with { Method = method })
                    : new(NewSampler(), x => Loss(x, [0, 1, 2]), options with { Method = method })
            ).Run(Starts(3), Conditions(3));
            DivergedItem diverged = Assert.Single(found.Diverged);
            Assert.Equal((1, iteration), (diverged.Item, diverged.Step));
            foreach (int i in (int[])[0, 2])
            {
                OptimisedLatent alone = new LatentOptimisation(NewSampler(), Problem.Loss, options with { Method = method }).Run(
                    Starts(3).narrow(0, i, 1),
                    Conditions(3).narrow(0, i, 1));
                Assert.Empty(alone.Diverged);

                // Sums over one item and over three, in 64 bits, through five iterations.
                Near.Equal(alone.Sample[0], found.Sample[i], 1e-10);
                Near.Equal(alone.Losses[TensorIndex.Ellipsis, 0], found.Losses[TensorIndex.Ellipsis, i], 1e-10);
            }

            // It keeps its best, and its losses end.
            Assert.True(
                found.Sample.isfinite().all().item<bool>()
                    && found.StartNoise.isfinite().all().item<bool>()
                    && found.Condition!.Values.isfinite().all().item<bool>());
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
        Denoiser denoiser = Denoiser.FromFunction(
            (x, t, z) => Problem.Denoiser().Call(x, t[0].item<double>(), z!) * weight,
            Prediction.Noise,
            parameters: [weight]);
        var options = new LatentOptimisationOptions { Iterations = 5, Targets = OptimisationTargets.Parameters, ParameterRate = rate };
        OptimisedLatent found = new LatentOptimisation(
            new Sampler(denoiser, Problem.Schedule, Solver.Ddim(), Grid()),
            Problem.Loss,
            options
        ).Run(Starts(3), Conditions(3));
        Assert.All(found.Diverged, d => Assert.Equal(iteration, d.Step));
        Assert.Equal([0, 1, 2], found.Diverged.Select(d => d.Item));
        Assert.Equal(1, weight.item<double>());
        Assert.Equal(found.Losses[0, 0].item<double>(), found.BestLoss[0]);
    }
}
