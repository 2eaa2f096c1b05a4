using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Whatever graphs are kept: the same bits, at another cost.</summary>
public sealed class KeptGraphsTests
{
    private const int Steps = 6;

    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    public static TheoryData<string> Names => Solvers.Every;

    [Theory]
    [MemberData(nameof(Names))]
    public void EverySolver_HasTheSameBits_WhateverWasKept(string name)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(Denoiser.FromModule(net, Prediction.Noise), Solvers.Named(name));
        int evaluations = sampler.Table.EvaluatedRows.Count;
        SampleGradient expected = Of(sampler, Checkpointing.States);
        foreach (Checkpointing? others in new[] { null, Checkpointing.Revolve(1), Checkpointing.Revolve(2) })
        {
            long alone = Of(sampler, others ?? Checkpointing.States).Cost.NetworkEvaluations;
            foreach (int count in new[] { 1, 3, evaluations - 1, evaluations, evaluations + 5 })
            {
                SampleGradient actual = Of(sampler, Checkpointing.Graphs(GraphBudget.OfEvaluations(count), others));
                AssertSameBits(expected, actual);
                Assert.Equal(Math.Min(count, evaluations), actual.Cost.PeakKeptGraphs);
                Assert.Equal(evaluations, actual.Cost.VectorJacobianProducts);
                Assert.InRange(actual.Cost.NetworkEvaluations, evaluations, alone - Math.Min(count, evaluations));
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void RevolveWithGraphs_CostsTheOptimum_OfWhatDoesNotFit(int slots)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(Denoiser.FromModule(net, Prediction.Noise), Solver.Ddim());
        for (int count = 0; count < Steps; count++)
        {
            // The chain ends where the graphs begin; each of its steps is evaluated with a graph once, and each graph was made on the way.
            Checkpointing checkpointing = Checkpointing.Graphs(GraphBudget.OfEvaluations(count), Checkpointing.Revolve(slots));
            long expected = RevolveSchedule.Cost(Steps - count + 1, slots) + (Steps - count) + count;
            Assert.Equal(expected, Of(sampler, checkpointing).Cost.NetworkEvaluations);
        }
    }

    [Fact]
    public void LastSteps_KeepTheirGraphsAlone()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(Denoiser.FromModule(net, Prediction.Noise), Solver.DpmSolverPlusPlus(2));
        foreach (Checkpointing? others in new[] { null, Checkpointing.Revolve(2) })
        {
            SampleGradient expected = Of(sampler, Checkpointing.States, lastSteps: 4);
            SampleGradient actual = Of(sampler, Checkpointing.Graphs(GraphBudget.OfEvaluations(100), others), lastSteps: 4);
            AssertSameBits(expected, actual);
            Assert.Equal(4, actual.Cost.PeakKeptGraphs);
            Assert.Equal(Steps, actual.Cost.NetworkEvaluations);
        }
    }

    [Fact]
    public void Bytes_AreMeasured_AndKept()
    {
        using var scope = NewDisposeScope();

        // What tanh keeps for its derivative: one output of 4 MiB an evaluation, and what an input of that size is for its first.
        const long Size = 4 << 20;
        Sampler sampler = NewSampler(Denoiser.FromFunction((x, _, _) => x.tanh(), Prediction.Noise), Solver.Ddim(), steps: 10);
        Tensor start = StartNoise.Draw([1, Size / 4], 3);
        long[] budgets = [0, Size / 2, 9 * Size / 2, 45 * Size];
        SampleGradient[] gradients =
        [
            .. budgets
                .Select(bytes => Checkpointing.Graphs(GraphBudget.OfBytes(bytes)))
                .Prepend(Checkpointing.States)
                .Select(checkpointing => Squared(sampler, start, checkpointing)),
        ];
        Assert.All(gradients, gradient => Assert.Equal(gradients[0].StartNoise, gradient.StartNoise));
        Assert.Equal([0, 0], gradients[..2].Select(gradient => gradient.Cost.PeakKeptGraphs));
        Assert.InRange(gradients[2].Cost.PeakKeptGraphs, 0, 1);
        Assert.InRange(gradients[3].Cost.PeakKeptGraphs, 3, 4);
        Assert.Equal(10, gradients[4].Cost.PeakKeptGraphs);
        long[] evaluations = [20, 20, 20, 20 - gradients[3].Cost.PeakKeptGraphs, 10];
        Assert.Equal(evaluations, gradients.Select(gradient => gradient.Cost.NetworkEvaluations));
    }

    [Fact]
    public void MachineUnderPressure_KeepsFewer_WithoutAnError()
    {
        using var scope = NewDisposeScope();
        Sampler sampler = NewSampler(Denoiser.FromFunction((x, _, _) => x.tanh(), Prediction.Noise), Solver.Ddim(), steps: 10);
        Tensor start = StartNoise.Draw([1, 1 << 20], 3);

        // Others fill the machine after the third look.
        int looks = 0;
        GraphBudget budget = GraphBudget.OfFreeMemory(0.5, () => looks++ < 3 ? 100L << 20 : 0);
        SampleGradient expected = Squared(sampler, start, Checkpointing.States);
        SampleGradient actual = Squared(sampler, start, Checkpointing.Graphs(budget));
        Assert.True(looks > 3);
        Assert.InRange(actual.Cost.PeakKeptGraphs, 1, 4);
        Assert.Equal(expected.StartNoise, actual.StartNoise);
        Assert.InRange(actual.Cost.NetworkEvaluations, 16, 20);
    }

    [Fact]
    public void GraphsSpoiltByALaterCall_AreMadeAgain()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Tensor buffer = zeros(2, 3, ScalarType.Float64);
        Sampler sampler = NewSampler(
            Denoiser.FromFunction(
                (x, t, z) =>
                {
                    // Its own memory, which the product below remembers.
                    using (no_grad())
                    {
                        buffer.copy_(x.detach().sin());
                    }

                    return net.call(x, t, z!) * buffer;
                },
                Prediction.Noise,
                parameters: net.parameters()),
            Solver.DpmSolverPlusPlus(2));
        Assert.ThrowsAny<Exception>(() => Gradient(sampler, GradientMethod.Unrolled()));
        SampleGradient actual = Of(sampler, Checkpointing.Default);
        AssertSameBits(Of(sampler, Checkpointing.States), actual);

        // The last one is not spoilt.
        Assert.Equal((2 * Steps) - 1, actual.Cost.NetworkEvaluations);
        Assert.All(net.parameters(), parameter => Assert.Null(parameter.grad));
    }

    [Fact]
    public void NetworkWithAState_IsDifferentiatedAsItWas()
    {
        using var scope = NewDisposeScope();
        int calls = 0;
        Sampler sampler = NewSampler(Denoiser.FromFunction((x, _, _) => x * (0.5 + (0.05 * ++calls)), Prediction.Noise), Solver.UniPc(3));
        SampleGradient expected = sampler.Gradient(SmallNet.Start(), null, SmallNet.Loss, GradientMethod.Unrolled());
        calls = 0;
        SampleGradient actual = sampler.Gradient(SmallNet.Start(), null, SmallNet.Loss);
        Near.Equal(expected.StartNoise, actual.StartNoise, 1e-13);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void AdjointDeis_OnTheSamplingGrid_EvaluatesOnce(int order)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(Denoiser.FromModule(net, Prediction.Noise), Solver.DpmSolverPlusPlus(2));
        SampleGradient kept = Gradient(sampler, GradientMethod.AdjointDeis(order));

        // The same points as a grid of its own, on which nothing is repeated.
        var grid = TimeGrid.FromTimes([.. sampler.Grid.Times], [.. sampler.Grid.NetworkTimes]);
        SampleGradient again = Gradient(sampler, GradientMethod.AdjointDeis(order, grid, Trajectory.Recorded));
        AssertSameBits(again, kept);

        // The sample's N, of which all but the first are used again, and the one at the sample.
        Assert.Equal((Steps + 1, 2 * Steps), (kept.Cost.NetworkEvaluations, again.Cost.NetworkEvaluations));
    }

    [Fact]
    public void WrongBudgets_AreNamed()
    {
        Assert.Contains("-1 bytes", Assert.Throws<InputException>(() => GraphBudget.OfBytes(-1)).Message, StringComparison.Ordinal);
        string tooMuch = Assert.Throws<InputException>(() => GraphBudget.OfBytes(1L << 60)).Message;
        Assert.Contains("this process can have", tooMuch, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => GraphBudget.OfFreeMemory(1.5));
        Assert.Throws<InputException>(() => GraphBudget.OfFreeMemory(double.NaN));
        Assert.Throws<InputException>(() => GraphBudget.OfEvaluations(-1));
        Assert.False(GraphBudget.Default.Allows(DeviceType.CUDA));
        Assert.True(GraphBudget.OfEvaluations(2).Allows(DeviceType.CUDA));
        Assert.Contains(
            nameof(GraphBudget.OfEvaluations),
            Assert.Throws<InputException>(() => GraphBudget.OfBytes(1000).Allows(DeviceType.CUDA)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Text_SaysWhatIsKept() => Assert.Equal(
        [
            "Discrete()",
            "Discrete(States)",
            "Discrete(Revolve(3))",
            "Discrete(Graphs(2 graphs, Revolve(3)))",
            "Discrete(Graphs(graphs in 25 % of free memory))",
        ],
        new GradientMethod[]
        {
            GradientMethod.Discrete(),
            GradientMethod.Discrete(Checkpointing.States),
            GradientMethod.Discrete(Checkpointing.Revolve(3)),
            GradientMethod.Discrete(Checkpointing.Graphs(GraphBudget.OfEvaluations(2), Checkpointing.Revolve(3))),
            GradientMethod.Discrete(Checkpointing.Graphs(GraphBudget.OfFreeMemory(0.25))),
        }.Select(method => method.ToString()!));

    private static SampleGradient Of(Sampler sampler, Checkpointing checkpointing, int? lastSteps = null) =>
        Gradient(sampler, GradientMethod.Discrete(checkpointing, lastSteps));

    private static SampleGradient Squared(Sampler sampler, Tensor start, Checkpointing checkpointing) =>
        sampler.Gradient(start, null, x => x.square().sum(1), GradientMethod.Discrete(checkpointing));

    private static SampleGradient Gradient(Sampler sampler, GradientMethod method) =>
        sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, method, BrownianPath.PerStep(11));

    private static void AssertSameBits(SampleGradient expected, SampleGradient actual)
    {
        Assert.Equal(expected.Sample, actual.Sample);
        Assert.Equal(expected.StartNoise, actual.StartNoise);
        Assert.Equal(expected.Condition, actual.Condition);
        Assert.Equal(expected.Parameters, actual.Parameters);
    }

    private static Sampler NewSampler(Denoiser denoiser, Solver solver, int steps = Steps) =>
        new(denoiser, Schedule, solver, TimeGrid.UniformLogSnr(Schedule, steps, 1, 0.05));
}
