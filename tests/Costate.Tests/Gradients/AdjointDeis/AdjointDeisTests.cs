using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class AdjointDeisTests
{
    private readonly Mixture mixture = Mixture.Load();

    // Published orders: 1 and 2. The factors are those measured for the design: 0.13 and 0.0056 at 320 steps.
    [Theory]
    [InlineData(1, Trajectory.Recorded, 0.9, 1.1)]
    [InlineData(2, Trajectory.Recorded, 1.9, 2.1)]
    [InlineData(1, Trajectory.SolvedBackward, 0.9, 1.1)]
    [InlineData(2, Trajectory.SolvedBackward, 1.9, 2.1)]
    public void Gradient_OfTheMixture_HasItsOrder(int order, Trajectory trajectory, double low, double high)
    {
        (double start, double condition) = Error(320, GradientMethod.AdjointDeis(order, trajectory: trajectory));
        (double finerStart, double finerCondition) = Error(640, GradientMethod.AdjointDeis(order, trajectory: trajectory));
        Assert.InRange(Math.Log2(start / finerStart), low, high);
        Assert.InRange(Math.Log2(condition / finerCondition), low, high);
        Assert.InRange(start, 0, order == 1 ? 0.14 : 0.006);
    }

    [Fact]
    public void Gradient_OnAnAdjointGridOfItsOwn_HasItsOrder()
    {
        // Many sampling steps, so that what is left is the adjoint's own error.
        (double start, _) = Error(1000, GradientMethod.AdjointDeis(2, steps: 300));
        (double finer, _) = Error(1000, GradientMethod.AdjointDeis(2, steps: 600));
        Assert.InRange(Math.Log2(start / finer), 1.85, 2.15);

        TimeGrid grid = TimeGrid.Karras(mixture.Schedule, 300, 1, 1e-3);
        (double karras, _) = Error(1000, GradientMethod.AdjointDeis(2, grid));
        Assert.InRange(karras, 0, 0.05);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void ScheduledCondition_OfEqualEntries_SumsToTheConstantOne(int order)
    {
        using var scope = NewDisposeScope();
        Tensor z = mixture.ConditionTensor();
        BrownianPath noise = BrownianPath.PerStep(3);
        foreach (Solver solver in new[] { Solver.DpmSolverPlusPlus(2), Solver.SdeDpmSolver(1) })
        {
            var sampler = new Sampler(mixture.Denoiser(), mixture.Schedule, solver, TimeGrid.UniformLogSnr(mixture.Schedule, 30, 1, 1e-3));
            foreach (
                GradientMethod method in new[]
                {
                    GradientMethod.AdjointDeis(order),
                    GradientMethod.AdjointDeis(order, steps: 17),
                    GradientMethod.AdjointDeis(order, steps: 71),
                })
            {
                Tensor constant = sampler.Gradient(mixture.StartTensor(), z, mixture.Loss, method, noise).Condition!;
                Tensor scheduled = sampler
                    .Gradient(mixture.StartTensor(), Condition.Scheduled(z.unsqueeze(0).repeat(30, 1, 1)), mixture.Loss, method, noise)
                    .Condition!;
                Assert.Equal([30, 1, 2], scheduled.shape);
                Near.Equal(constant, scheduled.sum([0L]), 1e-12);
            }
        }
    }

    [Fact]
    public void Parameters_OfAnSde_ConvergeToTheExactGradient()
    {
        // One path of the Brownian tree on all grids; the largest distance of any parameter's gradient.
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        SampleGradient exact = Gradient(8192, GradientMethod.Discrete());
        double coarse = Distance(Gradient(128, GradientMethod.AdjointDeis(1)));
        double fine = Distance(Gradient(512, GradientMethod.AdjointDeis(1)));
        Assert.InRange(Math.Log2(coarse / fine) / 2, 0.7, 1.4);

        double Distance(SampleGradient g) => exact.Parameters.Zip(g.Parameters).Max(pair => Near.Relative(pair.First, pair.Second));

        SampleGradient Gradient(int steps, GradientMethod method) =>
            new Sampler(
                Denoiser.FromModule(net, Prediction.Noise),
                schedule,
                Solver.SdeDpmSolver(1),
                TimeGrid.UniformLogSnr(schedule, steps, 1, 0.05)
            ).Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, method, BrownianPath.Tree(2));
    }

    [Fact]
    public void ScheduledCondition_ConvergesToTheExactGradientOfEachPiece()
    {
        // Theorem 2.2, with a condition of four pieces: sampler and adjoint extrapolate across the jumps, so both are of order 1 there.
        double coarse = ScheduledError(80);
        double fine = ScheduledError(320);
        Assert.InRange(Math.Log2(coarse / fine) / 2, 0.85, 1.3);
        Assert.InRange(fine, 0, 0.02);

        double ScheduledError(int steps)
        {
            using var scope = NewDisposeScope();
            Sampler sampler = NewSampler(steps);
            Tensor pieces = tensor([0.1, -0.2, 0.4, 0.3, -0.3, 0.0, 0.2, 0.2], [4, 1, 2], ScalarType.Float64);
            Condition z = Condition.Scheduled(pieces.repeat_interleave(steps / 4, 0));
            Tensor exact = sampler.Gradient(mixture.StartTensor(), z, mixture.Loss).Condition!.reshape(4, steps / 4, 2).sum(1);
            Tensor adjoint = sampler
                .Gradient(mixture.StartTensor(), z, mixture.Loss, GradientMethod.AdjointDeis(2))
                .Condition!.reshape(4, steps / 4, 2)
                .sum(1);
            return Near.Relative(exact, adjoint);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Parameters_ConvergeToTheExactGradient(int order)
    {
        double coarse = Parameter(100);
        double fine = Parameter(400);
        Assert.InRange(Math.Log2(coarse / fine) / 2, order - 0.3, order + 0.5);

        double Parameter(int steps)
        {
            using var scope = NewDisposeScope();
            using var net = new SmallNet();
            NoiseSchedule schedule = NoiseSchedule.VpLinear();
            var sampler = new Sampler(
                Denoiser.FromModule(net, Prediction.Noise),
                schedule,
                Solver.UniPc(3),
                TimeGrid.UniformLogSnr(schedule, steps, 1, 0.05));
            SampleGradient exact = sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss);
            SampleGradient adjoint = sampler.Gradient(
                SmallNet.Start(),
                SmallNet.Condition(),
                SmallNet.Loss,
                GradientMethod.AdjointDeis(order));
            return exact.Parameters.Zip(adjoint.Parameters).Max(pair => Near.Relative(pair.First, pair.Second));
        }
    }

    [LongProof]
    [Fact]
    public void StochasticGradient_HasOrderOneOnARefinedPath()
    {
        // One path for all grids, and the median over its items of the slope over two halvings; against the exact discrete adjoint on a
        // far finer grid. The condition's error is small and uneven from item to item, and so is its slope. An adjoint of half as many
        // steps is further from the limit: 0.78.
        using var scope = NewDisposeScope();
        const int Items = 48;
        SampleGradient exact = Gradient(8192, GradientMethod.Discrete());
        foreach ((Trajectory trajectory, double share, double least) in new[]
        {
                (Trajectory.Recorded, 1, 0.85),
                (Trajectory.SolvedBackward, 1, 0.85),
                (Trajectory.Interpolated, 2, 0.85),
                (Trajectory.Interpolated, 0.5, 0.7),
        })
        {
            SampleGradient coarse = Gradient(256, Adjoint(256));
            SampleGradient finer = Gradient(1024, Adjoint(1024));
            Assert.InRange(Slope(exact.StartNoise, coarse.StartNoise, finer.StartNoise), least, 1.15);
            Assert.InRange(Slope(exact.Condition!, coarse.Condition!, finer.Condition!), 0.8, 1.3);

            GradientMethod Adjoint(int steps) =>
                share == 1
                    ? GradientMethod.AdjointDeis(1, trajectory: trajectory)
                    : GradientMethod.AdjointDeis(1, (int)(share * steps), trajectory);
        }

        SampleGradient Gradient(int steps, GradientMethod method)
        {
            var sampler = new Sampler(
                mixture.Denoiser(),
                mixture.Schedule,
                Solver.SdeDpmSolver(1),
                TimeGrid.UniformLogSnr(mixture.Schedule, steps, 1, 1e-3));
            return sampler.Gradient(mixture.StartTensor(Items), mixture.ConditionTensor(Items), mixture.Loss, method, BrownianPath.Tree(1));
        }

        static double Slope(Tensor exact, Tensor coarse, Tensor finer)
        {
            double[] slopes = [.. (((coarse - exact).norm(1) / (finer - exact).norm(1)).log2() / 2).data<double>().Order()];
            return (slopes[(Items / 2) - 1] + slopes[Items / 2]) / 2;
        }
    }

    [Fact]
    public void SolvedBackward_KeepsOneState()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(
            1,
            NewSampler(20)
                .Gradient(
                    mixture.StartTensor(),
                    mixture.ConditionTensor(),
                    mixture.Loss,
                    GradientMethod.AdjointDeis(1, trajectory: Trajectory.SolvedBackward))
                .Cost.PeakStoredStates);
        Assert.Equal(
            21,
            NewSampler(20)
                .Gradient(mixture.StartTensor(), mixture.ConditionTensor(), mixture.Loss, GradientMethod.AdjointDeis(1))
                .Cost.PeakStoredStates);
    }

    [Fact]
    public void ImpossibleCombinations_AreRefusedWithACure()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentOutOfRangeException>(() => GradientMethod.AdjointDeis(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => GradientMethod.AdjointDeis(1, steps: 0));
        Refused<ArgumentException>(
            NewSampler(20),
            GradientMethod.AdjointDeis(1, steps: 10, trajectory: Trajectory.Recorded),
            "Interpolated");
        Refused<ArgumentException>(NewSampler(20), GradientMethod.AdjointDeis(1, TimeGrid.Uniform(9, 0.9, 1e-3)), "same ends");

        var stochastic = new Sampler(mixture.Denoiser(), mixture.Schedule, Solver.SdeDpmSolver(1), TimeGrid.Uniform(10));
        Refused<ArgumentException>(stochastic, GradientMethod.AdjointDeis(1, trajectory: Trajectory.SolvedBackward), "PerStep(seed)");
        Refused<ArgumentException>(
            stochastic,
            GradientMethod.AdjointDeis(1, 5, Trajectory.SolvedBackward),
            "Interpolated",
            BrownianPath.PerStep(1));

        var flow = new Sampler(
            Denoiser.FromFunction((x, _, _) => x * 0.1, Prediction.Flow),
            NoiseSchedule.RectifiedFlow(),
            Solver.Euler(),
            TimeGrid.Uniform(5, 1, 0));
        Refused<InvalidOperationException>(flow, GradientMethod.AdjointDeis(1), "Discrete", condition: false);

        var clean = new Sampler(mixture.Denoiser(), mixture.Schedule, Solver.Ddim(), TimeGrid.Uniform(6, 1, 0));
        Refused<InvalidOperationException>(clean, GradientMethod.AdjointDeis(1, steps: 13), "interpolated");
    }

    private void Refused<T>(Sampler sampler, GradientMethod method, string says, BrownianPath? noise = null, bool condition = true)
        where T : Exception
    {
        Exception e = Assert.Throws<T>(() =>
        {
            sampler.Gradient(mixture.StartTensor(), condition ? mixture.ConditionTensor() : null, mixture.Loss, method, noise);
        });
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }

    private Sampler NewSampler(int steps) =>
        new(mixture.Denoiser(), mixture.Schedule, Solver.DpmSolverPlusPlus(2), TimeGrid.UniformLogSnr(mixture.Schedule, steps, 1, 1e-3));

    private (double Start, double Condition) Error(int steps, GradientMethod method)
    {
        using var scope = NewDisposeScope();
        SampleGradient gradient = NewSampler(steps).Gradient(mixture.StartTensor(), mixture.ConditionTensor(), mixture.Loss, method);
        return (
            Near.Relative(tensor(mixture.StartGradient), gradient.StartNoise),
            Near.Relative(tensor(mixture.ConditionGradient), gradient.Condition!));
    }
}
