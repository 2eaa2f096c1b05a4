using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Products with second derivatives against finite differences of gradients, their symmetry, and one another.</summary>
public sealed class HessianTests
{
    private const int Steps = 6;

    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    public static TheoryData<string> Names => [.. Solvers.Every.Select(row => row.Data), "rex-midpoint", "bdia"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Hessian_EqualsFiniteDifferencesOfGradients_AndIsSymmetric(string name)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, name);
        BrownianPath noise = BrownianPath.PerStep(11);
        Tensor start = SmallNet.Start(), values = SmallNet.ScheduledCondition(Steps);
        (Tensor X, Tensor Z) v = Direction(21), u = Direction(31);

        HessianProduct hv = Product(v), hu = Product(u);

        const double step = 3e-6;
        (Tensor aheadX, Tensor aheadZ) = Gradient(step);
        (Tensor behindX, Tensor behindZ) = Gradient(-step);
        Near.Equal((aheadX - behindX) / (2 * step), hv.StartNoise, 1e-7);
        Near.Equal((aheadZ - behindZ) / (2 * step), hv.Conditions["z"], 1e-7);
        Near.Equal(sampler.Tangent(start, Condition.Scheduled(values), v.X, Condition.Scheduled(v.Z), noise).Tangent, hv.Tangent, 1e-13);
        AssertSymmetric(hv, hu);

        // Another second derivative, symmetric too.
        HessianProduct gv = Product(v, Curvature.GaussNewton), gu = Product(u, Curvature.GaussNewton);
        AssertSymmetric(gv, gu);
        Assert.True(Near.Relative(hv.StartNoise, gv.StartNoise) > 1e-4);

        HessianProduct Product((Tensor X, Tensor Z) direction, Curvature curvature = Curvature.Exact) => sampler.Hessian(
            start, Condition.Scheduled(values), SmallNet.Loss, direction.X, Condition.Scheduled(direction.Z), curvature, noise);

        void AssertSymmetric(HessianProduct ofV, HessianProduct ofU)
        {
            double one = ((u.X * ofV.StartNoise).sum() + (u.Z * ofV.Conditions["z"]).sum()).ToDouble();
            double other = ((v.X * ofU.StartNoise).sum() + (v.Z * ofU.Conditions["z"]).sum()).ToDouble();
            double size = (ofV.StartNoise.norm() * u.X.norm()).ToDouble() + (ofV.Conditions["z"].norm() * u.Z.norm()).ToDouble();
            Assert.Equal(0, (one - other) / size, 1e-10);
        }

        (Tensor, Tensor) Gradient(double shift)
        {
            Condition moved = Condition.Scheduled(values + (shift * v.Z));
            SampleGradient gradient = sampler.Gradient(start + (shift * v.X), moved, SmallNet.Loss, noise: noise);
            return (gradient.StartNoise, gradient.Condition!);
        }

        (Tensor, Tensor) Direction(ulong seed) =>
            (StartNoise.Draw(start.shape, seed, ScalarType.Float64), StartNoise.Draw(values.shape, seed + 1, ScalarType.Float64));
    }

    [Fact]
    public void GaussNewton_IsTheTransposeOfTheLossCurvatureOfTheTangent()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, "dpm++2");
        Tensor start = SmallNet.Start(), z = SmallNet.Condition(), weights = tensor(new[] { 1.0, 3.0, 0.2 });
        Tensor v = StartNoise.Draw(start.shape, 21, ScalarType.Float64);

        HessianProduct product = sampler.Hessian(
            start, z, x => (weights * (x - 1).square()).sum(1), v, curvature: Curvature.GaussNewton);

        Tensor curved = 2 * weights * sampler.Tangent(start, z, v).Tangent;
        Near.Equal(sampler.Gradient(start, z, x => (curved * x).sum(1)).StartNoise, product.StartNoise, 1e-12);
        Assert.True((v * product.StartNoise).sum().ToDouble() > 0);
    }

    [Fact]
    public void GaussNewton_WhereTheLossIsLeast_IsTheHessian()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, "heun");
        Tensor start = SmallNet.Start(), z = SmallNet.Condition(), target = sampler.Sample(start, z);
        Tensor Loss(Tensor x) => (x - target).square().sum(1);

        HessianProduct exact = sampler.Hessian(start, z, Loss, start);
        Near.Equal(exact.StartNoise, sampler.Hessian(start, z, Loss, start, curvature: Curvature.GaussNewton).StartNoise, 1e-12);

        // A control: elsewhere it is not.
        exact = sampler.Hessian(start, z, SmallNet.Loss, start);
        Assert.True(Near.Relative(
            exact.StartNoise, sampler.Hessian(start, z, SmallNet.Loss, start, curvature: Curvature.GaussNewton).StartNoise) > 1e-4);
    }

    [Fact]
    public void Items_DoNotDependOnTheirBatch()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, "unipc-2");
        Tensor start = SmallNet.Start(), z = SmallNet.Condition();
        Tensor both = sampler.Hessian(start, z, SmallNet.Loss, start).StartNoise;
        Tensor second = sampler.Hessian(start[1..], z[1..], SmallNet.Loss, start[1..]).StartNoise;
        Near.Equal(both[1..], second, 1e-12);
    }

    [Fact]
    public void GradientsThatShareTheirMemory_AreKeptApart()
    {
        // x and z have one gradient, which torch hands out twice.
        using var scope = NewDisposeScope();
        var sampler = new Sampler(
            Denoiser.FromFunction((x, t, z) => (x + z!).tanh(), Prediction.Velocity),
            Schedule,
            Solver.DpmSolverPlusPlus(2),
            TimeGrid.UniformLogSnr(Schedule, Steps, 1, 0.05));
        Tensor start = SmallNet.Start(), z = StartNoise.Draw([2, 3], 6, ScalarType.Float64);
        const double step = 3e-6;
        foreach (Curvature curvature in new[] { Curvature.Exact, Curvature.GaussNewton })
        {
            HessianProduct product = sampler.Hessian(start, z, SmallNet.Loss, start, z, curvature);
            if (curvature == Curvature.Exact)
            {
                SampleGradient ahead = sampler.Gradient(start * (1 + step), z * (1 + step), SmallNet.Loss);
                SampleGradient behind = sampler.Gradient(start * (1 - step), z * (1 - step), SmallNet.Loss);
                Near.Equal((ahead.StartNoise - behind.StartNoise) / (2 * step), product.StartNoise, 1e-7);
                Near.Equal((ahead.Condition! - behind.Condition!) / (2 * step), product.Conditions["z"], 1e-7);
            }
            else
            {
                Tensor other = StartNoise.Draw([2, 3], 9, ScalarType.Float64);
                HessianProduct ofOther = sampler.Hessian(start, z, SmallNet.Loss, other, other, curvature);
                double one = ((other * product.StartNoise).sum() + (other * product.Conditions["z"]).sum()).ToDouble();
                Assert.Equal(one, ((start * ofOther.StartNoise).sum() + (z * ofOther.Conditions["z"]).sum()).ToDouble(), 1e-9);
            }
        }
    }

    [Fact]
    public void LinearLoss_HasTheCurvatureOfTheSamplerAlone()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, "ddim");
        Tensor start = SmallNet.Start(), z = SmallNet.Condition();
        HessianProduct exact = sampler.Hessian(start, z, x => x.sum(1), start);
        HessianProduct gaussNewton = sampler.Hessian(start, z, x => x.sum(1), start, curvature: Curvature.GaussNewton);
        Assert.True(exact.StartNoise.norm().ToDouble() > 1e-3);
        Assert.Equal(0, gaussNewton.StartNoise.norm().ToDouble());
    }

    [Fact]
    public void NetworkThatDrawsItsOwnNumbers_IsRefused_AndOneWithDropoutReplayed()
    {
        using var scope = NewDisposeScope();
        Tensor start = SmallNet.Start();
        int calls = 0;
        Denoiser counts = Denoiser.FromFunction((x, t, z) => (x * (1 + (0.1 * calls++))).tanh(), Prediction.Noise);
        Assert.Contains(
            "not deterministic",
            Assert.Throws<InvalidOperationException>(() => NewSampler(counts).Hessian(start, null, SmallNet.Loss, start)).Message);

        Denoiser drops = Denoiser.FromFunction((x, t, z) => nn.functional.dropout(x, 0.5, training: true).tanh(), Prediction.Noise);
        random.manual_seed(3);
        HessianProduct product = NewSampler(drops).Hessian(start, null, SmallNet.Loss, start);
        random.manual_seed(3);
        Near.Equal(NewSampler(drops).Sample(start), product.Sample, 1e-13);
    }

    [Fact]
    public void LossWithoutSecondDerivative_OrOfAnotherShape_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, "ddim");
        Tensor start = SmallNet.Start(), z = SmallNet.Condition();
        Assert.Throws<InvalidOperationException>(() => sampler.Hessian(start, z, x => x, start));
        Assert.Throws<InvalidOperationException>(() => sampler.Hessian(start, z, x => x.detach().sum(1), start));
    }

    private static Sampler NewSampler(SmallNet net, string name) =>
        new(Denoiser.FromModule(net, Prediction.Noise), Schedule, SolverOf(name), TimeGrid.UniformLogSnr(Schedule, Steps, 1, 0.05));

    private static Sampler NewSampler(Denoiser denoiser) =>
        new(denoiser, Schedule, Solver.Ddim(), TimeGrid.UniformLogSnr(Schedule, Steps, 1, 0.05));

    private static Solver SolverOf(string name) => name switch
    {
        "rex-midpoint" => Solver.Rex(ButcherTableau.Midpoint),
        "bdia" => Solver.Bdia(),
        _ => Solvers.Named(name),
    };
}
