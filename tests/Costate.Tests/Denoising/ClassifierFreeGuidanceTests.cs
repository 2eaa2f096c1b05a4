using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>
/// Classifier-free guidance beside the same formula written by hand, as a network whose condition is a bundle of both branches and the
/// scale.
/// </summary>
public sealed class ClassifierFreeGuidanceTests
{
    private const int Steps = 5;

    private const double Scale = 2.5;

    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    private static readonly TimeGrid Grid = TimeGrid.UniformLogSnr(Schedule, Steps, 1, 1e-2);

    public static TheoryData<string> Every => [.. Solvers.Every.Select(row => row.Data), "rex-midpoint"];

    [Theory]
    [MemberData(nameof(Every))]
    public void EverySolver_HasTheGradientsOfBothBranchesAndTheScale(string name)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        bool reversible = name == "rex-midpoint";
        Solver solver = reversible ? Solver.Rex(ButcherTableau.Midpoint) : Solvers.Named(name);
        GradientMethod[] methods = reversible
            ? [GradientMethod.Discrete(), GradientMethod.Reversible(), GradientMethod.Unrolled()]
            : [GradientMethod.Discrete(), GradientMethod.Discrete(Checkpointing.Revolve(2)), GradientMethod.Unrolled()];
        foreach (GradientMethod method in methods)
        {
            AssertByHand(net, solver, method, SmallNet.Condition(), None(2));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void AdjointDeis_HasThem(int order)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        AssertByHand(net, Solver.DpmSolverPlusPlus(2), GradientMethod.AdjointDeis(order), SmallNet.Condition(), None(2));
    }

    [Fact]
    public void AScheduledBranch_HasItsGradientByStep_AndIsInverted()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        var none = Condition.Scheduled(StartNoise.Draw([Steps, 2, 2], 19, ScalarType.Float64));
        AssertByHand(net, Solver.DpmSolverPlusPlus(2), GradientMethod.Discrete(), SmallNet.Condition(), none);
        AssertByHand(net, Solver.Ddim(), GradientMethod.AdjointDeis(), SmallNet.Condition(), none);
        foreach (Solver solver in new[] { Solver.Ddim(), Solver.Rex(ButcherTableau.Euler) })
        {
            NoiseState expected = ByHand(net, solver).Invert(SmallNet.Start(), Bundle(SmallNet.Condition(), none));
            NoiseState actual = Guided(net, none, solver).Invert(SmallNet.Start(), SmallNet.Condition());
            Near.Equal(expected.Start, actual.Start, 1e-12);
        }
    }

    [Fact]
    public void OneForAllItems_HasTheSumOfTheirGradients()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Tensor none = None(1);
        SampleGradient expected = Guided(net, none.expand(2, 2)).Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss);
        foreach (GradientMethod method in new[] { GradientMethod.Discrete(), GradientMethod.Unrolled() })
        {
            SampleGradient actual = Guided(net, none).Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, method);
            Assert.Equal([1L, 2], actual.Unconditional["z"].shape);
            Near.Equal(expected.Unconditional["z"].sum([0L], keepdim: true), actual.Unconditional["z"], 1e-12);
        }

        var adaptive = new AdaptiveSampler(
            Denoiser.FromModule(net, Prediction.Noise).WithClassifierFreeGuidance(none, Scale),
            Schedule,
            Solver.Rex(ButcherTableau.BogackiShampine),
            new StepControl(1e-3, 1e-3));
        SampleGradient both = adaptive.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss);
        Tensor sum = zeros(1, 2, dtype: ScalarType.Float64);
        for (int item = 0; item < 2; item++)
        {
            sum += adaptive
                .Gradient(SmallNet.Start().narrow(0, item, 1), SmallNet.Condition().narrow(0, item, 1), SmallNet.Loss)
                .Unconditional["z"];
        }

        Near.Equal(sum, both.Unconditional["z"], 1e-12);
    }

    [Fact]
    public void Gradients_EqualFiniteDifferences()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Tensor none = None(2);
        SampleGradient gradient = Guided(net, none)
            .Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, also: GradientParts.GuidanceScale);
        Tensor direction = StartNoise.Draw([2, 2], 77, ScalarType.Float64);
        double h = 1e-6;
        Tensor Loss(Tensor u, double scale) => SmallNet.Loss(Guided(net, u, scale: scale).Sample(SmallNet.Start(), SmallNet.Condition()));
        Tensor along = (Loss(none + (h * direction), Scale) - Loss(none - (h * direction), Scale)) / (2 * h);
        Near.Equal(along, (gradient.Unconditional["z"] * direction).sum(1), 1e-7);
        Tensor byScale = (Loss(none, Scale + h) - Loss(none, Scale - h)) / (2 * h);
        Assert.Equal([2L], gradient.GuidanceScale!.shape);
        Near.Equal(byScale, gradient.GuidanceScale, 1e-7);
    }

    [Fact]
    public void BothBranches_AreOneCall_WhereTheirShapesAllow()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        List<long> batches = [];
        Denoiser plain = Denoiser.FromFunction(
            (x, t, z) =>
            {
                batches.Add(x.shape[0]);
                return net.call(x, t, z!.narrow(1, 0, 2));
            },
            Prediction.Noise);
        Tensor One(Condition? none, bool doubles) =>
            NewSampler(plain.WithClassifierFreeGuidance(none, Scale, doublesBatch: doubles), Solver.Ddim(), TimeGrid.Uniform(1))
                .Sample(SmallNet.Start(), SmallNet.Condition());
        Tensor together = One(None(1), doubles: true);
        Assert.Equal([4L], batches);
        Tensor apart = One(None(1), doubles: false);
        Assert.Equal([4L, 2, 2], batches);
        Near.Equal(apart, together, 1e-14);
        Tensor longer = One(cat([None(1), None(1)], 1), doubles: true);
        Assert.Equal([4L, 2, 2, 2, 2], batches);
        Near.Equal(apart, longer, 1e-14);
    }

    [Theory]
    [InlineData(0.3, 0.8)]
    [InlineData(0, 1)]
    [InlineData(0.5, 0.5)]
    public void OutsideTheInterval_ThereIsNoGuidance(double from, double to)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        bool[] inside = [.. Grid.Times.Take(Steps).Select(t => t >= from && t <= to)];
        SampleGradient actual = Guided(net, None(2), Solver.Ddim(), interval: (from, to))
            .Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, also: GradientParts.GuidanceScale);

        // By hand: a scale of 1 outside. Each prediction is made twice.
        Tensor scales = tensor(inside.Select(i => i ? Scale : 1).ToArray()).reshape(Steps, 1, 1).expand(Steps, 2, 1).contiguous();
        Condition z = Condition.Scheduled([.. Enumerable.Range(0, Steps).Select(i => Bundle(SmallNet.Condition(), None(2)).With("scale", scales[i]))]);
        SampleGradient expected = ByHand(net, Solver.Ddim()).Gradient(SmallNet.Start(), z, SmallNet.Loss);
        Near.Equal(expected.Sample, actual.Sample, 1e-13);
        Near.Equal(expected.StartNoise, actual.StartNoise, 1e-12);
        Near.Equal(expected.Conditions["c"].sum([0L]), actual.Condition!, 1e-12);
        Near.Equal(expected.Conditions["u"].sum([0L]), actual.Unconditional["z"], 1e-12);
        Tensor weights = tensor(inside.Select(i => i ? 1.0 : 0).ToArray()).reshape(Steps, 1);
        Near.Equal((expected.Conditions["scale"].squeeze(2) * weights).sum([0L]), actual.GuidanceScale!, 1e-12);
        Assert.Equal(2 * (Steps + inside.Count(i => i)), actual.Cost.NetworkEvaluations);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public void ABranchWithoutWeight_IsNotEvaluated(double scale)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler plain = NewSampler(Denoiser.FromModule(net, Prediction.Noise), Solver.Ddim(), Grid);
        SampleGradient expected = plain.Gradient(SmallNet.Start(), scale == 1 ? SmallNet.Condition() : None(2), SmallNet.Loss);
        SampleGradient actual = Guided(net, None(2), Solver.Ddim(), scale)
            .Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss);
        Assert.Equal(expected.Sample, actual.Sample);
        Assert.Equal(expected.Cost, actual.Cost);
        Tensor zero = zeros(2, 2, dtype: ScalarType.Float64);
        Near.Equal(scale == 1 ? expected.Condition! : zero, actual.Condition!, 1e-14);
        Near.Equal(scale == 1 ? zero : expected.Condition!, actual.Unconditional["z"], 1e-14);

        // Its gradient needs both.
        SampleGradient asked = Guided(net, None(2), Solver.Ddim(), scale)
            .Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, also: GradientParts.GuidanceScale);
        Assert.Equal(2 * expected.Cost.NetworkEvaluations, asked.Cost.NetworkEvaluations);
        Assert.True(asked.GuidanceScale!.abs().min().item<double>() > 0);
    }

    [Fact]
    public void WhatTheOtherBranchLacks_IsTheConditions()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Denoiser plain = Denoiser.FromFunction(
            (Tensor x, Tensor t, Condition? z) => net.call(x, t, cat([z!["text"], z["sizes"]], 1)), Prediction.Noise);
        (Tensor text, Tensor sizes) = (SmallNet.Condition().narrow(1, 0, 1), SmallNet.Condition().narrow(1, 1, 1));
        Tensor none = None(2).narrow(1, 0, 1);
        var z = Condition.Of(("text", text), ("sizes", sizes));
        SampleGradient expected = Guided(net, cat([none, sizes], 1)).Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss);
        SampleGradient actual = NewSampler(plain.WithClassifierFreeGuidance(Condition.Of(("text", none)), Scale), Solver.DpmSolverPlusPlus(2), Grid)
            .Gradient(SmallNet.Start(), z, SmallNet.Loss);
        Near.Equal(expected.Condition!.narrow(1, 0, 1), actual.Conditions["text"], 1e-12);
        Near.Equal(expected.Condition!.narrow(1, 1, 1) + expected.Unconditional["z"].narrow(1, 1, 1), actual.Conditions["sizes"], 1e-12);
        Near.Equal(expected.Unconditional["z"].narrow(1, 0, 1), actual.Unconditional["text"], 1e-12);
        Assert.Equal(["text"], actual.Unconditional.Keys);
        Assert.Contains(
            "'words'",
            Assert.Throws<InputException>(() =>
                NewSampler(plain.WithClassifierFreeGuidance(Condition.Of(("words", none)), Scale), Solver.Ddim(), Grid)
                    .Sample(SmallNet.Start(), z)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Backward_FillsTheGradientOfTheOtherBranch()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Tensor none = None(2).requires_grad_(true);
        Tensor expected = Guided(net, none.detach())
            .Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss)
            .Unconditional["z"];
        SmallNet.Loss(Guided(net, none).Differentiable(SmallNet.Start(), SmallNet.Condition())).sum().backward();
        Near.Equal(expected, none.grad!, 1e-13);
    }

    [Fact]
    public void Optimisation_MovesTheOtherBranchOfEachItem()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = Guided(net, None(1));
        SampleGradient gradient = sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss);
        SampleGradient[] alone =
        [
            .. Enumerable.Range(0, 2).Select(item => sampler.Gradient(
                SmallNet.Start().narrow(0, item, 1), SmallNet.Condition().narrow(0, item, 1), SmallNet.Loss)),
        ];
        var options = new LatentOptimisationOptions { Iterations = 1, Targets = OptimisationTargets.Unconditional, ConditionRate = 1e-3 };
        OptimisedLatent result = new LatentOptimisation(sampler, SmallNet.Loss, options).Run(SmallNet.Start(), SmallNet.Condition());
        Tensor step = cat([.. alone.Select(its => its.Unconditional["z"])], 0);
        Near.Equal(None(1) - (1e-3 * step), result.Unconditional!.Values, 1e-13);
        Near.Equal(SmallNet.Condition(), result.Condition!.Values, 1e-16);
        Assert.True((result.Losses[1] < result.Losses[0]).all().item<bool>());
        Assert.Equal(gradient.Loss.data<double>().ToArray(), result.Losses[0].data<double>().ToArray());

        // A sampler under what was found draws the sample that was found.
        Near.Equal(result.Sample, Guided(net, result.Unconditional).Sample(SmallNet.Start(), SmallNet.Condition()), 1e-13);
    }

    [Fact]
    public void WhatIsWrong_IsNamed()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Denoiser plain = Denoiser.FromModule(net, Prediction.Noise);
        Assert.Throws<InvalidOperationException>(() =>
            plain.WithClassifierFreeGuidance(None(1), 2).WithClassifierFreeGuidance(None(1), 2));
        Assert.Throws<InputException>(() => plain.WithClassifierFreeGuidance(None(1), 2, (0.8, 0.2)));
        Assert.Throws<InputException>(() => plain.WithClassifierFreeGuidance(None(1), 2, (double.NaN, 1)));
        Assert.Contains(
            "the unconditional branch",
            Assert.Throws<ArgumentException>(() =>
                NewSampler(plain.WithClassifierFreeGuidance(None(1) / 0.0, 2), Solver.Ddim(), Grid)
                    .Sample(SmallNet.Start(), SmallNet.Condition())).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "without guidance",
            Assert.Throws<InputException>(() => NewSampler(plain, Solver.Ddim(), Grid)
                .Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, also: GradientParts.GuidanceScale)).Message,
            StringComparison.Ordinal);
        int calls = 0;
        Denoiser lost = Denoiser.FromFunction(
            (x, t, z) => net.call(x, t, calls++ % 2 == 0 ? z!.detach() : z!), Prediction.Noise);
        Assert.Contains(
            "the unconditional branch",
            Assert.Throws<InvalidOperationException>(() =>
                NewSampler(lost.WithClassifierFreeGuidance(None(1), 2, doublesBatch: false), Solver.Ddim(), Grid)
                    .Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss)).Message,
            StringComparison.Ordinal);
    }

    private static void AssertByHand(SmallNet net, Solver solver, GradientMethod method, Tensor z, Condition? none)
    {
        SampleGradient expected = ByHand(net, solver)
            .Gradient(SmallNet.Start(), Bundle(z, none!), SmallNet.Loss, method, BrownianPath.PerStep(4));
        SampleGradient actual = Guided(net, none, solver)
            .Gradient(SmallNet.Start(), z, SmallNet.Loss, method, BrownianPath.PerStep(4), also: GradientParts.GuidanceScale);
        double tolerance = 10 * Solvers.Rounding(solver);
        Near.Equal(expected.Sample, actual.Sample, tolerance);
        Near.Equal(expected.StartNoise, actual.StartNoise, tolerance);
        Near.Equal(expected.Conditions["c"], actual.Condition!, tolerance);
        Near.Equal(expected.Conditions["u"], actual.Unconditional["z"], tolerance);
        Near.Equal(expected.Conditions["scale"].squeeze(1), actual.GuidanceScale!, tolerance);
        foreach ((Tensor byHand, Tensor parameter) in expected.Parameters.Zip(actual.Parameters))
        {
            Near.Equal(byHand, parameter, tolerance);
        }
    }

    private static Condition Bundle(Tensor z, Condition? none)
    {
        Tensor scale = full([2, 1], Scale, ScalarType.Float64);
        return !none!.IsScheduled ? Condition.Of(("c", z), ("u", none.Values), ("scale", scale))
            : Condition.Scheduled([.. Enumerable.Range(0, Steps).Select(i => Condition.Of(("c", z), ("u", none.Values[i]), ("scale", scale)))]);
    }

    private static Tensor None(int size) => 0.5 * StartNoise.Draw([size, 2], 17, ScalarType.Float64);

    private static Sampler ByHand(SmallNet net, Solver solver) => NewSampler(
        Denoiser.FromFunction(
            (Tensor x, Tensor t, Condition? z) =>
            {
                Tensor u = net.call(x, t, z!["u"]);
                return u + (z["scale"] * (net.call(x, t, z["c"]) - u));
            },
            Prediction.Noise,
            parameters: net.parameters()),
        solver,
        Grid);

    private static Sampler Guided(
        SmallNet net, Condition? none, Solver? solver = null, double scale = Scale, (double From, double To)? interval = null) => NewSampler(
            Denoiser.FromModule(net, Prediction.Noise).WithClassifierFreeGuidance(none, scale, interval),
            solver ?? Solver.DpmSolverPlusPlus(2),
            Grid);

    private static Sampler NewSampler(Denoiser denoiser, Solver solver, TimeGrid grid) => new(denoiser, Schedule, solver, grid);
}
