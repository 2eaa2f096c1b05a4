using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>A condition of several tensors is what its tensors are side by side, whatever reads it.</summary>
public sealed class ConditionBundleTests
{
    private const int Steps = 5;

    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    private static readonly TimeGrid Grid = TimeGrid.UniformLogSnr(Schedule, Steps, 1, 1e-2);

    public static TheoryData<string> Every => Solvers.Every;

    public static TheoryData<string> Methods => ["discrete", "last-2", "revolve", "unrolled", "adjoint-1", "adjoint-2"];

    [Theory]
    [MemberData(nameof(Every))]
    public void EverySolver_HasItsGradientsByName(string name)
    {
        using var scope = NewDisposeScope();
        AssertSideBySide(Solvers.Named(name), GradientMethod.Discrete());
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void EveryMethod_HasItsGradientsByName(string name)
    {
        using var scope = NewDisposeScope();
        AssertSideBySide(Solver.DpmSolverPlusPlus(2), Method(name));
    }

    [Fact]
    public void AReversibleSolver_HasItsGradientsByName()
    {
        using var scope = NewDisposeScope();
        AssertSideBySide(Solver.Rex(ButcherTableau.Midpoint), GradientMethod.Reversible());
        AssertSideBySide(Solver.Edict(), GradientMethod.Reversible());
    }

    [Fact]
    public void Tensors_MayBeScheduledOneByOne()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Tensor text = StartNoise.Draw([Steps, 2, 1], 41, ScalarType.Float64), pooled = StartNoise.Draw([2, 1], 42, ScalarType.Float64);
        Condition[] each = [.. Enumerable.Range(0, Steps).Select(i => Condition.Of(("text", text[i]), ("pooled", pooled)))];
        Condition bundle = Condition.Scheduled(each);
        Assert.True(bundle.IsScheduled);
        Assert.Equal([Steps, 2L, 1], bundle["text"].shape);
        Assert.Equal([2L, 1], bundle["pooled"].shape);

        Tensor joined = cat([text, pooled.expand(Steps, 2, 1)], 2);
        foreach (string method in Methods.Select(row => row.Data))
        {
            SampleGradient expected = Single(net).Gradient(SmallNet.Start(), Condition.Scheduled(joined), SmallNet.Loss, Method(method));
            SampleGradient actual = Bundled(net).Gradient(SmallNet.Start(), bundle, SmallNet.Loss, Method(method));
            Near.Equal(expected.Condition!.narrow(2, 0, 1), actual.Conditions["text"], 1e-12);
            Near.Equal(expected.Condition!.narrow(2, 1, 1).sum([0L]), actual.Conditions["pooled"], 1e-12);
        }
    }

    [Fact]
    public void IntegersHaveNoGradient_AndABundleHasNoSingleOne()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        var sampler = new Sampler(
            Denoiser.FromFunction(
                (Tensor x, Tensor t, Condition? z) =>
                    net.call(x, t, z!["text"]) + (0.1 * z["sizes"].to(ScalarType.Float64) * x.cos()),
                Prediction.Noise),
            Schedule,
            Solver.Ddim(),
            Grid);
        var z = Condition.Of(("text", SmallNet.Condition()), ("sizes", tensor(new long[] { 1, 2 }).reshape(2, 1)));
        foreach (GradientMethod method in new[] { GradientMethod.Discrete(), GradientMethod.Unrolled(), GradientMethod.AdjointDeis() })
        {
            SampleGradient gradient = sampler.Gradient(SmallNet.Start(), z, SmallNet.Loss, method);
            Assert.Equal(["text"], gradient.Conditions.Keys);
            Assert.Empty(gradient.Unconditional);
            Assert.Null(gradient.GuidanceScale);
            Assert.Contains("Conditions[\"text\"]", Assert.Throws<InvalidOperationException>(() => gradient.Condition).Message, StringComparison.Ordinal);
        }

        SampleGradient one = sampler.Gradient(SmallNet.Start(), z, SmallNet.Loss);
        SampleGradient none = sampler.Gradient(SmallNet.Start(), z.With("sizes", zeros(2, 1, dtype: ScalarType.Int64)), SmallNet.Loss);
        Assert.NotEqual(one.Loss[0].item<double>(), none.Loss[0].item<double>());
    }

    [Fact]
    public void Backward_FillsTheGradientOfEachTensor()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        (Tensor text, Tensor pooled) = (Part(0).requires_grad_(true), Part(1));
        Sampler sampler = Bundled(net);
        SampleGradient expected = sampler.Gradient(SmallNet.Start(), Condition.Of(("text", text.detach()), ("pooled", pooled)), SmallNet.Loss);
        Tensor y = sampler.Differentiable(SmallNet.Start(), Condition.Of(("text", text), ("pooled", pooled)));
        SmallNet.Loss(y).sum().backward();
        Near.Equal(expected.Conditions["text"], text.grad!, 1e-13);
        Assert.Null(pooled.grad);
    }

    [Fact]
    public void Items_HaveTheSameAnswerInAnyBatch()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        SampleGradient both = Bundled(net).Gradient(SmallNet.Start(), Condition.Of(("text", Part(0)), ("pooled", Part(1))), SmallNet.Loss);
        SampleGradient alone = Bundled(net).Gradient(
            SmallNet.Start().narrow(0, 1, 1),
            Condition.Of(("text", Part(0).narrow(0, 1, 1)), ("pooled", Part(1).narrow(0, 1, 1))),
            SmallNet.Loss);
        Near.Equal(alone.Conditions["pooled"], both.Conditions["pooled"].narrow(0, 1, 1), 1e-13);
    }

    [Fact]
    public void ANetworkThatWritesIntoItsBundle_ChangesNothing()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        var z = Condition.Of(("text", Part(0)), ("pooled", Part(1)));
        Tensor before = z["text"].clone();
        var rude = new Sampler(
            Denoiser.FromFunction(
                (Tensor x, Tensor t, Condition? c) =>
                {
                    Tensor answer = net.call(x, t, cat([c!["text"], c["pooled"]], 1));
                    c["text"].zero_();
                    return answer;
                },
                Prediction.Noise),
            Schedule,
            Solver.DpmSolverPlusPlus(2),
            Grid);
        Near.Equal(Bundled(net).Sample(SmallNet.Start(), z), rude.Sample(SmallNet.Start(), z), 1e-15);
        Near.Equal(before, z["text"], 1e-16);
    }

    [Fact]
    public void ALostGraph_IsNamed()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        var sampler = new Sampler(
            Denoiser.FromFunction(
                (Tensor x, Tensor t, Condition? z) => net.call(x, t, cat([z!["text"], z["pooled"].detach()], 1)), Prediction.Noise),
            Schedule,
            Solver.Ddim(),
            Grid);
        var bundle = Condition.Of(("text", Part(0)), ("pooled", Part(1)));
        foreach (GradientMethod method in new[] { GradientMethod.Discrete(), GradientMethod.AdjointDeis() })
        {
            Assert.Contains(
                "'pooled' of the condition",
                Assert.Throws<InvalidOperationException>(() => sampler.Gradient(SmallNet.Start(), bundle, SmallNet.Loss, method)).Message,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Guidance_TakesABundle()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        var options = new GuidanceOptions { StateStrength = GuidanceStrength.Constant(0.01) };
        GuidedSampler Of(Sampler sampler) => new(sampler.Denoiser, Schedule, TimeGrid.UniformLogSnr(Schedule, Steps, 0.5, 0.05), options);
        Tensor expected = Of(Single(net)).Sample(SmallNet.Start(), cat([Part(0), Part(1)], 1), SmallNet.Loss).Sample;
        Tensor actual = Of(Bundled(net))
            .Sample(SmallNet.Start(), Condition.Of(("text", Part(0)), ("pooled", Part(1))), SmallNet.Loss)
            .Sample;
        Near.Equal(expected, actual, 1e-13);
    }

    [Fact]
    public void Optimisation_MovesEveryTensor()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        var options = new LatentOptimisationOptions { Iterations = 2, Targets = OptimisationTargets.Condition };
        OptimisedLatent expected = new LatentOptimisation(Single(net), SmallNet.Loss, options)
            .Run(SmallNet.Start(), cat([Part(0), Part(1)], 1));
        OptimisedLatent actual = new LatentOptimisation(Bundled(net), SmallNet.Loss, options)
            .Run(SmallNet.Start(), Condition.Of(("text", Part(0)), ("pooled", Part(1))));
        Near.Equal(expected.Condition!.Values, cat([actual.Condition!["text"], actual.Condition["pooled"]], 1), 1e-13);
        Assert.NotEqual(Part(1)[0].item<double>(), actual.Condition["pooled"][0].item<double>());
    }

    [Fact]
    public void WhatIsWrong_IsNamed()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Tensor a = Part(0), b = Part(1);
        Assert.Contains("'text' twice", Assert.Throws<InputException>(() => Condition.Of(("text", a), ("text", b))).Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => Condition.Of());
        Assert.Throws<InputException>(() => Condition.Of((" ", a)));
        var bundle = Condition.Of(("text", a), ("pooled", b));
        Assert.Equal(["text", "pooled"], bundle.Names);
        Assert.Contains("text, pooled", Assert.Throws<InputException>(() => bundle["words"]).Message, StringComparison.Ordinal);
        Assert.Contains("text, pooled", Assert.Throws<InvalidOperationException>(() => bundle.Values).Message, StringComparison.Ordinal);
        Assert.Contains(
            "bundle of text, pooled",
            Assert.Throws<InvalidOperationException>(() => Single(net).Sample(SmallNet.Start(), bundle)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "'pooled' of the condition of shape [1, 1]",
            Assert.Throws<ArgumentException>(() => Bundled(net).Sample(SmallNet.Start(), bundle.With("pooled", b.narrow(0, 0, 1)))).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "'text' of the condition",
            Assert.Throws<ArgumentException>(() => Bundled(net).Sample(SmallNet.Start(), bundle.With("text", a / 0.0))).Message,
            StringComparison.Ordinal);
        Assert.Throws<InputException>(() => Condition.Scheduled([bundle, Condition.Of(("text", a))]));
        Assert.Throws<InputException>(() => Condition.Scheduled(Array.Empty<Condition>()));
    }

    private static void AssertSideBySide(Solver solver, GradientMethod method)
    {
        using var net = new SmallNet();
        SampleGradient expected = Single(net, solver)
            .Gradient(SmallNet.Start(), cat([Part(0), Part(1)], 1), SmallNet.Loss, method, BrownianPath.PerStep(3));
        SampleGradient actual = Bundled(net, solver)
            .Gradient(SmallNet.Start(), Condition.Of(("text", Part(0)), ("pooled", Part(1))), SmallNet.Loss, method, BrownianPath.PerStep(3));
        Near.Equal(expected.StartNoise, actual.StartNoise, 1e-12);
        Near.Equal(expected.Condition!, cat([actual.Conditions["text"], actual.Conditions["pooled"]], 1), 1e-12);
        Assert.Equal(expected.Cost, actual.Cost);
    }

    private static Tensor Part(int column) => SmallNet.Condition().narrow(1, column, 1).clone();

    private static Sampler Single(SmallNet net, Solver? solver = null) =>
        new(Denoiser.FromModule(net, Prediction.Noise), Schedule, solver ?? Solver.DpmSolverPlusPlus(2), Grid);

    private static Sampler Bundled(SmallNet net, Solver? solver = null) => new(
        Denoiser.FromFunction(
            (Tensor x, Tensor t, Condition? z) => net.call(x, t, cat([z!["text"], z["pooled"]], 1)),
            Prediction.Noise,
            parameters: net.parameters()),
        Schedule,
        solver ?? Solver.DpmSolverPlusPlus(2),
        Grid);

    private static GradientMethod Method(string name) => name switch
    {
        "discrete" => GradientMethod.Discrete(),
        "last-2" => GradientMethod.Discrete(lastSteps: 2),
        "revolve" => GradientMethod.Discrete(Checkpointing.Revolve(2)),
        "unrolled" => GradientMethod.Unrolled(),
        "adjoint-1" => GradientMethod.AdjointDeis(1),
        _ => GradientMethod.AdjointDeis(2),
    };
}
