using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class RevolveScheduleTests
{
    [Fact]
    public void Cost_IsTheOptimumOfDynamicProgramming()
    {
        // t(N, c) = min over m of m + t(N - m, c - 1) + t(m, c); t(1, .) = 0; t(N, 1) = N (N - 1)/2.
        const int Longest = 61;
        long[,] t = new long[Longest + 1, 9];
        for (int c = 1; c <= 8; c++)
        {
            for (int n = 2; n <= Longest; n++)
            {
                t[n, c] = c == 1 ? (long)n * (n - 1) / 2 : Enumerable.Range(1, n - 1).Min(m => m + t[n - m, c - 1] + t[m, c]);
                Assert.Equal(t[n, c], RevolveSchedule.Cost(n, c));
            }
        }
    }

    [Theory]
    [InlineData(50, 8, 98)]
    [InlineData(100, 10, 225)]
    [InlineData(1000, 3, 12172)]
    public void Cost_HasThePublishedValues(int steps, int slots, long evaluations) =>
        Assert.Equal(evaluations, RevolveSchedule.Cost(steps + 1, slots));

    [Fact]
    public void Gradient_TakesAsManyEvaluationsAsTheClosedForm()
    {
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        foreach (int steps in Enumerable.Range(1, 60))
        {
            int calls = 0;
            var denoiser = Denoiser.FromFunction(
                (x, _, _) =>
                {
                    calls++;
                    return (x * 0.9).tanh();
                },
                Prediction.Noise);
            var sampler = new Sampler(denoiser, schedule, Solver.Ddim(), TimeGrid.Uniform(steps));
            foreach (int slots in Enumerable.Range(1, 8))
            {
                using var scope = NewDisposeScope();
                Tensor start = StartNoise.Draw([1, 2], 3, ScalarType.Float64);
                calls = 0;
                SampleGradient gradient = sampler.Gradient(
                    start,
                    null,
                    x => x.square().sum(1),
                    GradientMethod.Discrete(Checkpointing.Revolve(slots)));

                // t(N + 1, c) without a graph, the sample's own N among them, and N with one.
                long expected = RevolveSchedule.Cost(steps + 1, slots) + steps;
                Assert.Equal(expected, calls);
                Assert.Equal(expected, gradient.Cost.NetworkEvaluations);
                Assert.Equal(steps, gradient.Cost.VectorJacobianProducts);
                Assert.InRange(gradient.Cost.PeakStoredStates, 1, slots);
            }
        }
    }

    [Fact]
    public void Gradient_IsTheSameForAllSlots()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        var sampler = new Sampler(Denoiser.FromModule(net, Prediction.Noise), schedule, Solver.DpmSolverPlusPlus(3), TimeGrid.Uniform(23));
        SampleGradient all = sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss);
        foreach (int slots in Enumerable.Range(1, 8))
        {
            SampleGradient few = sampler.Gradient(
                SmallNet.Start(),
                SmallNet.Condition(),
                SmallNet.Loss,
                GradientMethod.Discrete(Checkpointing.Revolve(slots)));
            Assert.Equal(all.StartNoise, few.StartNoise);
            Assert.Equal(all.Condition, few.Condition);
            Assert.All(all.Parameters.Zip(few.Parameters), pair => Assert.Equal(pair.First, pair.Second));
        }
    }

    [Fact]
    public void Revolve_RefusesNoSlots() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Checkpointing.Revolve(0));
}
