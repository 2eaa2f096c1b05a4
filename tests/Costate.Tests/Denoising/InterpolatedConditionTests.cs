using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Conditions that move through knots: what the network sees, and gradients at the knots by every method.</summary>
public sealed class InterpolatedConditionTests
{
    private const int Steps = 6;

    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);
    private static readonly double[] Knots = [1, 0.7, 0.45, 0.02];

    public static TheoryData<string> Names => [.. Solvers.Every.Select(row => row.Data), "rex-midpoint"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradient_AtTheKnots_EqualsFiniteDifferences_AndUnrolled(string name)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, name);
        BrownianPath noise = BrownianPath.PerStep(11);
        Tensor start = SmallNet.Start(), values = SmallNet.ScheduledCondition(Knots.Length);
        Condition z = Condition.Interpolated(Knots, values);

        SampleGradient discrete = sampler.Gradient(start, z, SmallNet.Loss, noise: noise);

        Assert.Equal([Knots.Length, 2, 2], discrete.Condition!.shape);
        SampleGradient unrolled = sampler.Gradient(start, z, SmallNet.Loss, GradientMethod.Unrolled(), noise);
        Near.Equal(unrolled.StartNoise, discrete.StartNoise, Solvers.Rounding(sampler.Solver));
        Near.Equal(unrolled.Condition!, discrete.Condition, Solvers.Rounding(sampler.Solver));
        Tensor direction = StartNoise.Draw(values.shape, 21, ScalarType.Float64);
        double difference = Near.DirectionalDerivative(() => sampler.Sample(start, z, noise), SmallNet.Loss, values, direction);
        Assert.Equal(1, (discrete.Condition * direction).sum().ToDouble() / difference, 1e-6);
    }

    [Fact]
    public void EveryMethod_GivesTheSameAtTheKnots()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Tensor start = SmallNet.Start();
        Condition z = Condition.Interpolated(Knots, SmallNet.ScheduledCondition(Knots.Length), Interpolation.Linear);
        Sampler rex = NewSampler(net, "rex-midpoint");
        Tensor expected = rex.Gradient(start, z, SmallNet.Loss, GradientMethod.Unrolled()).Condition!;
        Near.Equal(expected, rex.Gradient(start, z, SmallNet.Loss, GradientMethod.Reversible()).Condition!, 1e-11);
        Near.Equal(expected, rex.Gradient(start, z, SmallNet.Loss, GradientMethod.Discrete(Checkpointing.Revolve(2))).Condition!, 1e-11);

        // As a node of the graph, with a tangent, and in an optimisation.
        Tensor values = SmallNet.ScheduledCondition(Knots.Length).requires_grad_(true);
        Condition moving = Condition.Interpolated(Knots, values, Interpolation.Linear);
        SmallNet.Loss(rex.Differentiable(start, moving)).sum().backward();
        Near.Equal(expected, values.grad!, 1e-11);
        Tensor u = StartNoise.Draw(values.shape, 22, ScalarType.Float64), still = zeros_like(start);
        Tensor tangent = rex.Tangent(start, z, still, Condition.Interpolated(Knots, u, Interpolation.Linear)).Tangent;
        Tensor w = StartNoise.Draw(start.shape, 23, ScalarType.Float64);
        Tensor pulled = rex.Gradient(start, z, x => (w * x).sum(1)).Condition!;
        Assert.Equal((pulled * u).sum().ToDouble(), (w * tangent).sum().ToDouble(), 1e-11);
        var options = new LatentOptimisationOptions { Iterations = 3, StartNoiseRate = 1e-5, ConditionRate = 1e-5 };
        OptimisedLatent optimised = new LatentOptimisation(rex, SmallNet.Loss, options).Run(start, z);
        Assert.Equal([Knots.Length, 2, 2], optimised.Condition!.Values.shape);
        Assert.All(optimised.BestIteration, iteration => Assert.Equal(3, iteration));
    }

    [Theory]
    [InlineData(1, 0.9, 1.1)]
    [InlineData(2, 1.8, 2.2)]
    public void AdjointDeis_HasItsOrderAtTheKnots(int order, double low, double high)
    {
        using var scope = NewDisposeScope();
        var mixture = Mixture.Load();
        Tensor values = mixture.ConditionTensor() + (0.2 * StartNoise.Draw([Knots.Length, 1, 2], 5, ScalarType.Float64));
        Condition z = Condition.Interpolated([1, 0.7, 0.45, 1e-3], values);
        Tensor exact = Gradient(800, Solver.DpmSolverPlusPlus(3), GradientMethod.Discrete());
        double error = Error(160), finer = Error(320);
        Assert.InRange(Math.Log2(error / finer), low, high);

        double Error(int steps) => Near.Relative(exact, Gradient(steps, Solver.DpmSolverPlusPlus(2), GradientMethod.AdjointDeis(order)));

        Tensor Gradient(int steps, Solver solver, GradientMethod method) => new Sampler(
            mixture.Denoiser(), mixture.Schedule, solver, TimeGrid.UniformLogSnr(mixture.Schedule, steps, 1, 1e-3))
            .Gradient(mixture.StartTensor(), z, mixture.Loss, method)
            .Condition!;
    }

    [Fact]
    public void EqualKnots_AreTheConstantCondition()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, "dpm++2");
        Tensor z = SmallNet.Condition(), start = SmallNet.Start();
        GradientMethod[] methods = [GradientMethod.Discrete(), GradientMethod.AdjointDeis(2), GradientMethod.AdjointDeis(1, steps: 9)];
        foreach (GradientMethod method in methods)
        {
            SampleGradient constant = sampler.Gradient(start, z, SmallNet.Loss, method);
            SampleGradient moving = sampler.Gradient(
                start, Condition.Interpolated(Knots, z.unsqueeze(0).repeat(Knots.Length, 1, 1)), SmallNet.Loss, method);
            Near.Equal(constant.Sample, moving.Sample, 1e-13);
            Near.Equal(constant.Condition!, moving.Condition!.sum([0L]), 1e-12);
        }
    }

    [Fact]
    public void Spline_IsNatural_AndReproducesLines()
    {
        double[] times = [0.1, 0.25, 0.6, 0.7, 1];
        var curve = new KnotCurve(times, Interpolation.Cubic);
        double[] values = [1, -2, 0.5, 3, -1];
        double At(double t) => curve.Weights(t).Zip(values, (w, v) => w * v).Sum();
        double Line(double t) => curve.Weights(t).Zip(times, (w, v) => w * ((3 * v) - 1)).Sum();
        foreach (int k in Enumerable.Range(0, times.Length))
        {
            Assert.Equal(values[k], At(times[k]), 1e-14);
        }

        const double h = 1e-4;
        foreach (double t in new[] { 0.15, 0.3, 0.55, 0.65, 0.9 })
        {
            Assert.Equal((3 * t) - 1, Line(t), 1e-14);
            double slope = curve.Slopes(t).Zip(values, (w, v) => w * v).Sum();
            Assert.Equal((At(t + h) - At(t - h)) / (2 * h), slope, 1e-4);
        }

        // Curvature is continuous at inner knots and none at the ends.
        double Bend(double t) => (At(t + h) - (2 * At(t)) + At(t - h)) / (h * h);
        foreach (double t in times[1..^1])
        {
            Assert.Equal(Bend(t - (2 * h)), Bend(t + (2 * h)), 1.0);
        }

        Assert.Equal(0, Bend(times[0] + h), 0.5);
        Assert.True(Math.Abs(Bend(0.25)) > 100);

        // The order in which knots are given is that of their weights.
        double[] falling = new KnotCurve([.. times.Reverse()], Interpolation.Cubic).Weights(0.3);
        Assert.Equal(curve.Weights(0.3), falling.Reverse());
    }

    [Fact]
    public void Times_UnderAMovingCondition_EqualFiniteDifferences()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Condition z = Condition.Interpolated([1, 0.7, 0.45, 0.01], SmallNet.ScheduledCondition(4));
        double[] times = [0.95, 0.6, 0.3, 0.05];
        Tensor gradient = SamplerOf(times).Gradient(SmallNet.Start(), z, SmallNet.Loss, also: GradientParts.Times).Times!;
        const double step = 1e-5;
        for (int k = 0; k < times.Length; k++)
        {
            Near.Equal((Loss(k, 1) - Loss(k, -1)) / (2 * step), gradient[k], 1e-6);
        }

        Sampler SamplerOf(double[] its) =>
            new(Denoiser.FromModule(net, Prediction.Noise), Schedule, Solver.DpmSolverPlusPlusSinglestep(2), TimeGrid.FromTimes(its));

        Tensor Loss(int k, int steps)
        {
            double[] moved = [.. times];
            moved[k] += steps * step;
            return SmallNet.Loss(SamplerOf(moved).Sample(SmallNet.Start(), z));
        }
    }

    [Fact]
    public void AdaptiveGrids_SeeTheSameCurve()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        var sampler = new AdaptiveSampler(
            Denoiser.FromModule(net, Prediction.Noise), Schedule, Solver.Rex(ButcherTableau.BogackiShampine), start: 1, end: 0.05);
        Tensor start = SmallNet.Start(), values = SmallNet.ScheduledCondition(Knots.Length);
        SampleGradient both = sampler.Gradient(start, Condition.Interpolated(Knots, values), SmallNet.Loss);
        SampleGradient second = sampler.Gradient(
            start[1..], Condition.Interpolated(Knots, values.narrow(1, 1, 1)), SmallNet.Loss);
        Near.Equal(second.Sample, both.Sample[1..], 1e-12);
        Near.Equal(second.Condition!, both.Condition!.narrow(1, 1, 1), 1e-12);
    }

    [Fact]
    public void Bundles_Move_TensorByTensor()
    {
        using var scope = NewDisposeScope();
        Tensor a = SmallNet.Condition(), b = a * 0.5;
        Condition z = Condition.Interpolated(
            [1, 0], [Condition.Of(("a", a), ("b", b)), Condition.Of(("a", a * 3), ("b", b))], Interpolation.Linear);
        Assert.Equal([2, 2, 2], z["a"].shape);
        Assert.True(ReferenceEquals(b, z["b"]));
        Condition half = z.At(new EvaluationPoint(0.5, 0.5, 0));
        Near.Equal(a * 2, half["a"], 1e-14);
        Near.Equal(b, half["b"], 0);
    }

    [Fact]
    public void WrongKnots_AreRefused()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Tensor values = SmallNet.ScheduledCondition(3);
        Assert.Throws<InputException>(() => Condition.Interpolated([1, 0.5, 0.5], values));
        Assert.Throws<InputException>(() => Condition.Interpolated([1.5, 0.5, 0], values));
        Assert.Throws<InputException>(() => Condition.Interpolated([1], values[..1]));
        Assert.Throws<InputException>(() => Condition.Interpolated([1, 0], values));
        Assert.Throws<InputException>(() => Condition.Interpolated([1, 0.5, 0], values.to(ScalarType.Int64)));
        Condition[] mixed = [Condition.Interpolated([1, 0], values[..2]), Condition.Constant(values[0])];
        Assert.Throws<InputException>(() => Condition.Interpolated([1, 0], mixed));
        Condition narrow = Condition.Interpolated([0.9, 0.5, 0], values);
        Assert.Contains(
            "span the grid",
            Assert.Throws<InputException>(() => NewSampler(net, "ddim").Sample(SmallNet.Start(), narrow)).Message);
        Assert.Contains(
            "[knots, batch, ...]",
            Assert.Throws<ArgumentException>(
                () => NewSampler(net, "ddim").Sample(SmallNet.Start(3), Condition.Interpolated([1, 0.5, 0], values))).Message);
    }

    private static Sampler NewSampler(SmallNet net, string name) => new(
        Denoiser.FromModule(net, Prediction.Noise),
        Schedule,
        name == "rex-midpoint" ? Solver.Rex(ButcherTableau.Midpoint) : Solvers.Named(name),
        TimeGrid.UniformLogSnr(Schedule, Steps, 1, 0.05));
}
