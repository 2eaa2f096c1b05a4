using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Gauss-Newton with conjugate gradients, on losses of least squares.</summary>
public sealed class GaussNewtonTests
{
    private const int Steps = 5;
    private const double Reached = 1e-8;

    // Squares of a sample's entries count very differently, as measurements of several units do.
    private static readonly double[] Scales = [1, 30, 1000];

    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    private static LatentOptimiser GaussNewton => LatentOptimiser.GaussNewton();

    [Fact]
    public void LeastSquares_TakeFewerEvaluationsThanByAdamOrBfgs()
    {
        using var scope = NewDisposeScope();
        OptimisedLatent result = Optimise(GaussNewton, rate: 1, SmallNet.Start(1), SmallNet.Condition(1));
        Assert.InRange(result.BestLoss[0], 0, Reached);
        Assert.InRange(result.NetworkEvaluations[0], 1, 600);
        Assert.Equal(result.NetworkEvaluations[0], result.Cost.NetworkEvaluations);
        foreach ((LatentOptimiser optimiser, double rate) in new[]
        {
            (LatentOptimiser.LimitedMemoryBfgs(), 1.0), (LatentOptimiser.Adam(), 0.1), (LatentOptimiser.Adam(), 0.01),
        })
        {
            OptimisedLatent other = Optimise(optimiser, rate, SmallNet.Start(1), SmallNet.Condition(1), iterations: 210);
            Assert.True(other.BestLoss[0] > 100 * Reached && other.NetworkEvaluations[0] > 1000, $"{optimiser}: {other.BestLoss[0]}");
        }
    }

    [Fact]
    public void Items_DoNotDependOnTheirBatch()
    {
        using var scope = NewDisposeScope();
        Tensor start = SmallNet.Start(3), z = SmallNet.Condition(3);
        OptimisedLatent all = Optimise(GaussNewton, 1, start, z, iterations: 6);
        for (int item = 0; item < 3; item++)
        {
            OptimisedLatent alone = Optimise(GaussNewton, 1, start[item..(item + 1)], z[item..(item + 1)], iterations: 6, ofItem: item);
            Near.Equal(all.StartNoise[item], alone.StartNoise[0], 1e-8);
            Assert.Equal(all.BestLoss[item], alone.BestLoss[0], 1e-6 * alone.BestLoss[0]);
        }
    }

    [Fact]
    public void Condition_MovesWithTheStart_AndStoppedItemsAreLeftOut()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net);
        Tensor start = SmallNet.Start(), z = SmallNet.Condition(), target = sampler.Sample(start * 0.5, z * 0.5);
        var options = new LatentOptimisationOptions { Optimiser = GaussNewton, Iterations = 12, StopAtLoss = Reached };
        List<int> seen = [];
        OptimisedLatent result = new LatentOptimisation(sampler, Loss, options).Run(start, z);
        Assert.All(result.BestLoss, loss => Assert.InRange(loss, 0, Reached));
        Assert.Contains(1, seen);
        Assert.True(Near.Relative(z, result.Condition!.Values) > 1e-4);

        Tensor Loss(Tensor x, IReadOnlyList<int> items)
        {
            seen.Add(items.Count);

            // The second is there from the start.
            Tensor here = cat([target[..1], sampler.Sample(start, z)[1..]]);
            return (x - here[tensor(items.Select(i => (long)i).ToArray())]).square().sum(1);
        }
    }

    [Fact]
    public void NegativeCurvature_IsGoneDown()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        var options = new LatentOptimisationOptions { Optimiser = GaussNewton, Iterations = 5, StartNoiseRate = 0.1, ConditionRate = 0.1 };
        OptimisedLatent result = new LatentOptimisation(NewSampler(net), x => -x.square().sum(1).log1p(), options)
            .Run(SmallNet.Start(), SmallNet.Condition());
        Assert.All(result.BestIteration, iteration => Assert.InRange(iteration, 1, 5));
    }

    [Fact]
    public void Parameters_AndOptionsOutOfRange_AreRefused()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        var options = new LatentOptimisationOptions { Optimiser = GaussNewton, Targets = OptimisationTargets.Parameters };
        Assert.Contains(
            "GaussNewton(10, ",
            Assert.Throws<ArgumentException>(() => new LatentOptimisation(NewSampler(net), SmallNet.Loss, options)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => LatentOptimiser.GaussNewton(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => LatentOptimiser.GaussNewton(tolerance: 1));
    }

    private static Sampler NewSampler(SmallNet net) => new(
        Denoiser.FromModule(net, Prediction.Noise), Schedule, Solver.DpmSolverPlusPlus(2), TimeGrid.UniformLogSnr(Schedule, Steps, 1, 0.05));

    private static OptimisedLatent Optimise(
        LatentOptimiser optimiser, double rate, Tensor start, Tensor z, int iterations = 100, int ofItem = 0)
    {
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net);
        Tensor others = StartNoise.Draw([3, 3], 77, ScalarType.Float64)[ofItem..(ofItem + (int)start.shape[0])];
        Tensor target = sampler.Sample(others, z), scales = tensor(Scales);
        var options = new LatentOptimisationOptions
        {
            Targets = OptimisationTargets.StartNoise,
            Optimiser = optimiser,
            StartNoiseRate = rate,
            Iterations = iterations,
            StopAtLoss = Reached,
        };
        return new LatentOptimisation(sampler, x => (scales * (x - target)).square().sum(1), options).Run(start, z);
    }
}
