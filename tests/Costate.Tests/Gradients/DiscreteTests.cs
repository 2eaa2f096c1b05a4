using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>The exact discrete adjoint against plain backpropagation and finite differences, for every solver and every target.</summary>
public sealed class DiscreteTests
{
    private const int Steps = 6;

    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    public static TheoryData<string> Names => Solvers.Every;

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradient_EqualsUnrolled(string name)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, name);
        BrownianPath noise = BrownianPath.PerStep(11);
        foreach (Condition z in new[] { Condition.Constant(SmallNet.Condition()), Condition.Scheduled(SmallNet.ScheduledCondition(Steps)) })
        {
            SampleGradient expected = sampler.Gradient(SmallNet.Start(), z, SmallNet.Loss, GradientMethod.Unrolled(), noise);
            foreach (
                Checkpointing? checkpointing in new[] { null, Checkpointing.Revolve(1), Checkpointing.Revolve(2), Checkpointing.Revolve(3) }
            )
            {
                SampleGradient actual = sampler.Gradient(SmallNet.Start(), z, SmallNet.Loss, GradientMethod.Discrete(checkpointing), noise);

                // Two orders of summation in 64 bits: 1e-12 is the bound, 1e-14 what is seen.
                Near.Equal(expected.StartNoise, actual.StartNoise, 1e-12);
                Near.Equal(expected.Condition!, actual.Condition!, 1e-12);
                Near.Equal(expected.Sample, actual.Sample, 1e-15);
                Near.Equal(expected.Loss, actual.Loss, 1e-15);
                Assert.Equal(4, actual.Parameters.Count);
                foreach ((Tensor e, Tensor a) in expected.Parameters.Zip(actual.Parameters))
                {
                    Near.Equal(e, a, 1e-12);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradient_EqualsFiniteDifferences(string name)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, name);
        BrownianPath noise = BrownianPath.PerStep(11);
        Tensor start = SmallNet.Start();
        Condition scheduled = Condition.Scheduled(SmallNet.ScheduledCondition(Steps));
        Tensor weight = net.parameters().First();

        SampleGradient gradient = sampler.Gradient(start, scheduled, SmallNet.Loss, noise: noise);

        Check(start, gradient.StartNoise);
        Check(scheduled.Values, gradient.Condition!);
        Check(weight, gradient.Parameters[0]);

        void Check(Tensor at, Tensor analytic)
        {
            Tensor direction = StartNoise.Draw(at.shape, 21, ScalarType.Float64);
            double difference = Near.DirectionalDerivative(() => sampler.Sample(start, scheduled, noise), SmallNet.Loss, at, direction);
            double product = (analytic * direction).sum().item<double>();

            // Central differences with a step of 1e-5 carry about 1e-10 of truncation and rounding each.
            Assert.Equal(1, product / difference, 1e-6);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradient_OfTheMixture_EqualsUnrolledAndFiniteDifferences(string name)
    {
        using var scope = NewDisposeScope();
        var mixture = Mixture.Load();
        BrownianPath noise = BrownianPath.PerStep(11);
        Tensor start = mixture.StartTensor();
        var sampler = new Sampler(
            mixture.Denoiser(),
            mixture.Schedule,
            Solvers.Named(name),
            TimeGrid.UniformLogSnr(mixture.Schedule, Steps, 1, 1e-3));
        foreach (
            Condition z in new[]
            {
                Condition.Constant(mixture.ConditionTensor()),
                Condition.Scheduled(mixture.ConditionTensor().unsqueeze(0).repeat(Steps, 1, 1)),
            })
        {
            SampleGradient unrolled = Gradient(GradientMethod.Unrolled());
            CheckDifferences(unrolled);
            foreach (Checkpointing? checkpointing in new[] { null, Checkpointing.Revolve(1), Checkpointing.Revolve(3) })
            {
                SampleGradient discrete = Gradient(GradientMethod.Discrete(checkpointing));
                Near.Equal(unrolled.StartNoise, discrete.StartNoise, Solvers.Rounding(sampler.Solver));
                Near.Equal(unrolled.Condition!, discrete.Condition!, Solvers.Rounding(sampler.Solver));
                CheckDifferences(discrete);
            }

            SampleGradient Gradient(GradientMethod method) => sampler.Gradient(start, z, mixture.Loss, method, noise);

            void CheckDifferences(SampleGradient gradient)
            {
                CheckDifference(start, gradient.StartNoise);
                CheckDifference(z.Values, gradient.Condition!);
            }

            // As above, relative to the gradient: along a direction that it hardly sees, its entries cancel and their rounding is left.
            void CheckDifference(Tensor at, Tensor analytic)
            {
                Tensor direction = analytic / analytic.norm();
                double difference = Near.DirectionalDerivative(() => sampler.Sample(start, z, noise), mixture.Loss, at, direction);

                // What is noised anew at each step hardly depends on the start: a difference of samples shows little of it.
                Assert.Equal(1, analytic.norm().item<double>() / difference, name == "consistency" ? 1e-4 : 1e-6);
            }
        }
    }

    [Fact]
    public void Gradient_ThroughEveryPrediction_EqualsUnrolled()
    {
        foreach (Prediction prediction in Enum.GetValues<Prediction>())
        {
            using var scope = NewDisposeScope();
            using var net = new SmallNet();
            var sampler = new Sampler(
                Denoiser.FromModule(net, prediction),
                Schedule,
                Solver.DpmSolverPlusPlus(2),
                TimeGrid.UniformLogSnr(Schedule, Steps, 1, 0.05));
            SampleGradient expected = sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, GradientMethod.Unrolled());
            SampleGradient actual = sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss);
            Near.Equal(expected.StartNoise, actual.StartNoise, 1e-12);
            Near.Equal(expected.Condition!, actual.Condition!, 1e-12);
        }
    }

    [Fact]
    public void Gradient_WithAnotherTable_IsDifferent()
    {
        // The negative control of the equalities above: the transpose of a neighbouring table is not the gradient.
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        SampleGradient expected = NewSampler(net, "dpm++2")
            .Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, GradientMethod.Unrolled());
        SampleGradient other = NewSampler(net, "dpm++2-heun").Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss);
        Assert.True(Near.Relative(expected.StartNoise, other.StartNoise) > 1e-3);
    }

    [Fact]
    public void Gradient_OfTheMixture_ReachesTheContinuousOne()
    {
        var mixture = Mixture.Load();
        Assert.InRange(MixtureError(mixture, 20).Start, 0, 0.05);
        (double start, double condition) = MixtureError(mixture, 320);
        Assert.InRange(start, 0, 3e-4);
        Assert.InRange(condition, 0, 3e-4);
    }

    [Fact]
    public void Gradient_OfTheMixture_HasOrderTwo()
    {
        var mixture = Mixture.Load();
        (double start, double condition) = MixtureError(mixture, 160);
        (double finerStart, double finerCondition) = MixtureError(mixture, 320);
        Assert.InRange(Math.Log2(start / finerStart), 1.9, 2.1);
        Assert.InRange(Math.Log2(condition / finerCondition), 1.9, 2.1);
    }

    [Fact]
    public void Cost_CountsWhatHappens()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        long bytes = 2 * 3 * sizeof(double);
        GradientCost Of(string solver, GradientMethod? method = null) =>
            NewSampler(net, solver).Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, method).Cost;
        GradientMethod states = GradientMethod.Discrete(Checkpointing.States);
        Assert.Equal(new GradientCost(Steps, Steps, Steps, Steps * bytes) { PeakKeptGraphs = Steps }, Of("ddim"));
        Assert.Equal(new GradientCost(2 * Steps, Steps, Steps, Steps * bytes), Of("ddim", states));
        Assert.Equal(new GradientCost(4 * Steps, 2 * Steps, 2 * Steps, 2 * Steps * bytes), Of("heun", states));

        GradientCost unrolled = Of("ddim", GradientMethod.Unrolled());
        Assert.Equal(Steps, unrolled.NetworkEvaluations);
        Assert.Equal(Steps, unrolled.VectorJacobianProducts);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Cost_IsOneEvaluationAndOneProductForEachEvaluationOfTheSample(string name)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        int without = 0;
        int with = 0;
        var counting = Denoiser.FromFunction(
            (x, t, z) =>
            {
                _ = x.requires_grad ? with++ : without++;
                return net.call(x, t, z!);
            },
            Prediction.Noise,
            parameters: net.parameters());
        var sampler = new Sampler(counting, Schedule, Solvers.Named(name), TimeGrid.UniformLogSnr(Schedule, Steps, 1, 0.05));
        int evaluations = sampler.Table.EvaluatedRows.Count;
        var states = new GradientCost(2 * evaluations, evaluations, evaluations, evaluations * 2 * 3 * sizeof(double));
        Assert.Equal(states, Cost(Checkpointing.States));
        Assert.Equal((evaluations, evaluations), (without, with));

        (with, without) = (0, 0);
        Assert.Equal(states with { NetworkEvaluations = evaluations, PeakKeptGraphs = evaluations }, Cost(Checkpointing.Default));
        Assert.Equal((0, evaluations), (without, with));

        GradientCost Cost(Checkpointing checkpointing) => sampler
            .Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, GradientMethod.Discrete(checkpointing), BrownianPath.PerStep(11))
            .Cost;
    }

    private static Sampler NewSampler(SmallNet net, string solver) =>
        new(Denoiser.FromModule(net, Prediction.Noise), Schedule, Solvers.Named(solver), TimeGrid.UniformLogSnr(Schedule, Steps, 1, 0.05));

    private static (double Start, double Condition) MixtureError(Mixture mixture, int steps)
    {
        using var scope = NewDisposeScope();
        var sampler = new Sampler(
            mixture.Denoiser(),
            mixture.Schedule,
            Solver.DpmSolverPlusPlus(2),
            TimeGrid.UniformLogSnr(mixture.Schedule, steps, 1, 1e-3));
        SampleGradient gradient = sampler.Gradient(mixture.StartTensor(), mixture.ConditionTensor(), mixture.Loss);
        return (
            Near.Relative(tensor(mixture.StartGradient), gradient.StartNoise),
            Near.Relative(tensor(mixture.ConditionGradient), gradient.Condition!));
    }
}
