using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Losses on the way: their values, and their gradients against finite differences and between methods.</summary>
public sealed class StepLossTests
{
    private const int Steps = 6;

    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    private static readonly StepLoss[] Losses =
    [
        StepLoss.AtState(0, x => 0.3 * x.pow(3).sum(1)),
        StepLoss.AtState(2, x => (x - 0.1).square().sum(1)),
        StepLoss.AtPrediction(3, x => x[TensorIndex.Ellipsis, 1].sin() + x.square().sum(1)),
        StepLoss.AtPrediction(0, x => 0.1 * x.square().sum(1)),
        StepLoss.AtState(Steps, x => x.sum(1).cos()),
    ];

    public static TheoryData<string> Names => Solvers.Every;

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradient_EqualsUnrolledAndFiniteDifferences(string name)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, Solvers.Named(name));
        Check(sampler, BrownianPath.PerStep(11), [GradientMethod.Discrete(), GradientMethod.Discrete(Checkpointing.Revolve(2))]);
    }

    [Theory]
    [InlineData("euler")]
    [InlineData("rk4")]
    public void Gradient_OfAReversibleSolver_EqualsUnrolledAndFiniteDifferences(string tableau)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, Solver.Rex(ButcherTableau.All.Single(t => t.Name == tableau)));
        Check(sampler, null, [GradientMethod.Reversible(), GradientMethod.Discrete()]);
    }

    [Fact]
    public void Values_AreOfStatesAndPredictions_AndAddedUp()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, Solver.Ddim());
        Tensor z = SmallNet.Condition();
        Tensor? start = null, sample = null, data = null;
        StepLoss[] losses =
        [
            StepLoss.AtState(0, x => See(ref start, x)),
            StepLoss.AtState(Steps, x => See(ref sample, x)),
            StepLoss.AtPrediction(0, x => See(ref data, x)),
        ];

        SampleGradient gradient = sampler.Gradient(SmallNet.Start(), z, SmallNet.Loss, losses: losses);

        SchedulePoint at = SchedulePoint.At(Schedule, sampler.Grid.Start);
        Tensor output = net.call(SmallNet.Start(), full([2], sampler.Grid.NetworkTimes[0], ScalarType.Float64), z).detach();
        Near.Equal(SmallNet.Start(), start!, 0);
        Near.Equal(gradient.Sample, sample!, 0);
        Near.Equal((SmallNet.Start() - (at.Sigma * output)) / at.Alpha, data!, 1e-12);
        Near.Equal(SmallNet.Loss(gradient.Sample) + start!.sum(1) + sample!.sum(1) + data!.sum(1), gradient.Loss, 1e-13);

        Tensor See(ref Tensor? seen, Tensor x)
        {
            seen = x.detach().clone().MoveToOtherDisposeScope(scope);
            return x.sum(1);
        }
    }

    [Fact]
    public void AdjointDeis_JumpsAtStates()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        StepLoss[] losses = [StepLoss.AtState(200, x => x.square().sum(1)), StepLoss.AtState(0, x => x.sum(1))];
        TimeGrid grid = TimeGrid.UniformLogSnr(Schedule, 800, 1, 1e-3);
        var sampler = new Sampler(Denoiser.FromModule(net, Prediction.Noise), Schedule, Solver.DpmSolver(2), grid);
        Tensor Of(GradientMethod method, StepLoss[]? its) =>
            sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, method, losses: its).StartNoise;

        Tensor exact = Of(GradientMethod.Discrete(), losses);

        // Order 2 at 800 steps; without the jumps the gradient is another one.
        Near.Equal(exact, Of(GradientMethod.AdjointDeis(order: 2), losses), 1e-2);
        Assert.True(
            (exact - Of(GradientMethod.AdjointDeis(order: 2), null)).abs().max().item<double>() > 0.1 * exact.abs().max().item<double>());
        Assert.Throws<InputException>(() => Of(GradientMethod.AdjointDeis(order: 2), [StepLoss.AtPrediction(1, x => x.sum(1))]));
        Assert.Throws<InputException>(() => Of(GradientMethod.AdjointDeis(order: 2, steps: 100), losses));
    }

    [Fact]
    public void Mistakes_AreNamed()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, Solver.Ddim());
        Assert.Contains("AtState(7)", Message(StepLoss.AtState(7, x => x.sum(1))), StringComparison.Ordinal);
        Assert.Contains("AtState(-1)", Message(StepLoss.AtState(-1, x => x.sum(1))), StringComparison.Ordinal);
        Assert.Contains("does not evaluate", Message(StepLoss.AtPrediction(Steps, x => x.sum(1))), StringComparison.Ordinal);
        Assert.Contains("one number for a batch of 2", Message(StepLoss.AtState(1, x => x.sum())), StringComparison.Ordinal);
        Assert.Contains("grid point 1", Message(StepLoss.AtState(1, x => x.detach().sum(1))), StringComparison.Ordinal);
        Assert.Contains("null among 1", Message(null!), StringComparison.Ordinal);
        Assert.Contains("grid point 1", Message(StepLoss.AtState(1, x => x.sum(1) / 0)), StringComparison.Ordinal);

        string Message(StepLoss loss) =>
            Assert
                .ThrowsAny<Exception>(() => sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, losses: [loss]))
                .Message;
    }

    private static Sampler NewSampler(SmallNet net, Solver solver) =>
        new(Denoiser.FromModule(net, Prediction.Noise), Schedule, solver, TimeGrid.UniformLogSnr(Schedule, Steps, 1, 1e-2));

    private static void Check(Sampler sampler, BrownianPath? noise, GradientMethod[] methods)
    {
        Tensor start = SmallNet.Start(), z = SmallNet.Condition();

        // FireFlow evaluates the network between the points of its grid.
        StepLoss[] losses =
        [
            .. Losses.Where(loss => !loss.OnPrediction || sampler.Solver.Name != "FireFlow" || loss.GridIndex == 0),
        ];
        SampleGradient Of(GradientMethod method) =>
            sampler.Gradient(start, z, SmallNet.Loss, method, noise, losses, GradientParts.StateCotangents);

        SampleGradient expected = Of(GradientMethod.Unrolled());
        foreach (SampleGradient actual in methods.Select(Of))
        {
            // Two orders of summation in 64 bits; the states of a reversible solver are reconstructed to rounding.
            Near.Equal(expected.Loss, actual.Loss, 1e-13);
            Near.Equal(expected.StartNoise, actual.StartNoise, 1e-10);
            Near.Equal(expected.Condition!, actual.Condition!, 1e-10);
            Near.Equal(expected.StateCotangents!, actual.StateCotangents!, 1e-10);
            Near.Equal(actual.StartNoise, actual.StateCotangents![0], 0);
            foreach ((Tensor e, Tensor a) in expected.Parameters.Zip(actual.Parameters))
            {
                Near.Equal(e, a, 1e-10);
            }
        }

        // The values themselves are what is differentiated; central differences with a step of 1e-5.
        Tensor direction = StartNoise.Draw(start.shape, 21, ScalarType.Float64);
        Tensor At(double shift) => sampler.Gradient(start + (shift * direction), z, SmallNet.Loss, noise: noise, losses: losses).Loss.sum();
        double difference = ((At(1e-5) - At(-1e-5)) / 2e-5).item<double>();
        Assert.Equal(1, (expected.StartNoise * direction).sum().item<double>() / difference, 1e-6);
    }
}
