using static Costate.Tests.GuidedByHand;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>
/// Classifier-free guidance beside the same formula written by hand, as a network whose condition is a bundle of both branches and the
/// scale.
/// </summary>
public sealed class ClassifierFreeGuidanceTests
{
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
}
