using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Tangents against finite differences and against the transpose, for every solver.</summary>
public sealed class TangentTests
{
    private const int Steps = 6;

    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    public static TheoryData<string> Names => [.. Solvers.Every.Select(row => row.Data), "rex-midpoint", "rex-shark", "edict", "bdia"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Tangent_EqualsFiniteDifferences_AndTheTranspose(string name)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(Denoiser.FromModule(net, Prediction.Velocity), name);
        BrownianPath noise = PathOf(name);
        Tensor start = SmallNet.Start(), values = SmallNet.ScheduledCondition(Steps);
        Condition z = Condition.Scheduled(values);
        Tensor v = StartNoise.Draw(start.shape, 21, ScalarType.Float64), u = StartNoise.Draw(values.shape, 22, ScalarType.Float64);

        SampleTangent both = sampler.Tangent(start, z, v, Condition.Scheduled(u), noise);
        Tensor ofStart = sampler.Tangent(start, z, v, noise: noise).Tangent;

        Near.Equal(sampler.Sample(start, z, noise), both.Sample, 1e-13);
        const double step = 1e-5;
        Tensor ahead = sampler.Sample(start + (step * v), Condition.Scheduled(values + (step * u)), noise);
        Tensor behind = sampler.Sample(start - (step * v), Condition.Scheduled(values - (step * u)), noise);
        Near.Equal((ahead - behind) / (2 * step), both.Tangent, 1e-7);
        Assert.True(Near.Relative(both.Tangent, ofStart) > 1e-3);

        // Two orders of summation in 64 bits.
        Tensor w = StartNoise.Draw(start.shape, 23, ScalarType.Float64);
        SampleGradient gradient = sampler.Gradient(start, z, x => (w * x).sum(1), noise: noise);
        double forward = (w * both.Tangent).sum().ToDouble();
        double backward = ((gradient.StartNoise * v).sum() + (gradient.Condition! * u).sum()).ToDouble();
        Assert.Equal(forward, backward, 1e-11 * (w.norm() * both.Tangent.norm()).ToDouble());
    }

    [Fact]
    public void Tangent_UnderGuidanceOfABundle_EqualsTheTranspose()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Denoiser denoiser = Denoiser
            .FromFunction((Tensor x, Tensor t, Condition? z) => net.call(x, t, z!["a"] + z["b"]), Prediction.Noise)
            .WithClassifierFreeGuidance(Condition.Of(("a", zeros(1, 2, ScalarType.Float64))), 2.5);
        Sampler sampler = NewSampler(denoiser, "dpm++2");
        Tensor start = SmallNet.Start(), a = SmallNet.Condition(), b = a * 0.5;
        Tensor v = StartNoise.Draw(start.shape, 21, ScalarType.Float64), u = StartNoise.Draw(b.shape, 22, ScalarType.Float64);
        Tensor w = StartNoise.Draw(start.shape, 23, ScalarType.Float64);

        Tensor tangent = sampler.Tangent(start, Condition.Of(("a", a), ("b", b)), v, Condition.Of(("b", u))).Tangent;
        SampleGradient gradient = sampler.Gradient(start, Condition.Of(("a", a), ("b", b)), x => (w * x).sum(1));

        double backward = ((gradient.StartNoise * v).sum() + (gradient.Conditions["b"] * u).sum()).ToDouble();
        Assert.Equal(backward, (w * tangent).sum().ToDouble(), 1e-11);
    }

    [Fact]
    public void Cost_IsOneEvaluationAndOneProductForEachOfTheSample()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(Denoiser.FromModule(net, Prediction.Noise), "heun");
        Tensor start = SmallNet.Start();
        GradientCost cost = sampler.Tangent(start, SmallNet.Condition(), start).Cost;
        Assert.Equal(new GradientCost(2 * Steps, 2 * Steps, 0, 0), cost);
    }

    [Fact]
    public void Tangent_OfANetworkThatIgnoresItsState_IsThatOfTheTable()
    {
        using var scope = NewDisposeScope();
        Sampler sampler = NewSampler(Denoiser.FromFunction((x, t, z) => zeros_like(x), Prediction.Noise), "ddim");
        Tensor start = SmallNet.Start();

        // Without noise in a sample x_t/alpha stays as it is.
        Near.Equal(start * (Schedule.Alpha(0.05) / Schedule.Alpha(1)), sampler.Tangent(start, null, start).Tangent, 1e-12);
    }

    [Fact]
    public void Tangent_InSixteenBits_DoesNotVanish()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet(ScalarType.Float32);
        using var half = new SmallNet(ScalarType.Float32);
        half.to(ScalarType.Float16);
        Tensor start = SmallNet.Start(dtype: ScalarType.Float32), z = SmallNet.Condition(dtype: ScalarType.Float32);

        // Of entries that float16 does not have.
        Tensor v = start * 1e-9;
        Tensor expected = NewSampler(Denoiser.FromModule(net, Prediction.Noise), "dpm++2").Tangent(start, z, v).Tangent;
        Denoiser narrow = Denoiser.FromFunction((x, t, z) => half.call(x, t.to(x.dtype), z!), Prediction.Noise);
        Tensor actual = NewSampler(narrow.InDtype(ScalarType.Float16), "dpm++2").Tangent(start, z, v).Tangent;
        Near.Equal(expected, actual, 2e-2);
    }

    [Fact]
    public void NetworksWithoutSecondDerivatives_AreRefusedByName()
    {
        using var scope = NewDisposeScope();
        Tensor start = StartNoise.Draw([2, 4, 8], 1);
        Denoiser attends = Denoiser.FromFunction(
            (x, t, z) =>
            {
                Tensor heads = x.unsqueeze(1);
                return nn.functional.scaled_dot_product_attention(heads, heads, heads).squeeze(1);
            },
            Prediction.Noise);
        Refused(attends, "scaled_dot_product_attention");

        // One whose first derivative is there, and whose second is silently zero.
        Refused(Denoiser.FromFunction((x, t, z) => Squared.apply([x]), Prediction.Noise), "autograd function");

        // A sampler as a network: its gradient is one node, of first order.
        Sampler inner = NewSampler(Denoiser.FromFunction((x, t, z) => x.tanh(), Prediction.Noise), "ddim");
        Refused(Denoiser.FromFunction((x, t, z) => inner.Differentiable(x), Prediction.Noise), "custom autograd function");

        void Refused(Denoiser denoiser, string said)
        {
            Sampler sampler = NewSampler(denoiser, "ddim");
            string message = Assert.Throws<InvalidOperationException>(() => sampler.Tangent(start, null, start)).Message;
            Assert.Contains("no second derivatives", message);
            Assert.Contains(said, message);
        }
    }

    [Fact]
    public void Attention_WithItsFusedKernelsOff_HasATangent()
    {
        using var scope = NewDisposeScope();
        Tensor start = StartNoise.Draw([2, 4, 8], 1, ScalarType.Float64);
        Sampler sampler = NewSampler(
            Denoiser.FromFunction(
                (x, t, z) =>
                {
                    Tensor heads = x.unsqueeze(1);
                    return nn.functional.scaled_dot_product_attention(heads, heads, heads).squeeze(1);
                },
                Prediction.Noise),
            "ddim");
        bool before = backends.cuda.flash_sdp_enabled();
        try
        {
            backends.cuda.enable_flash_sdp(false);
            Tensor tangent = sampler.Tangent(start, null, start).Tangent;
            Tensor difference = (sampler.Sample(start * (1 + 1e-6)) - sampler.Sample(start * (1 - 1e-6))) / 2e-6;
            Near.Equal(difference, tangent, 1e-7);
        }
        finally
        {
            backends.cuda.enable_flash_sdp(before);
        }
    }

    [Fact]
    public void WrongDirections_AreRefused()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(Denoiser.FromModule(net, Prediction.Noise), "ddim");
        Tensor start = SmallNet.Start(), z = SmallNet.Condition();
        Assert.Contains("[2, 3]", Assert.Throws<InputException>(() => sampler.Tangent(start, z, z)).Message);
        Assert.Contains("condition", Assert.Throws<InputException>(() => sampler.Tangent(start, z, start, start)).Message);
        Assert.Contains("'b'", Assert.Throws<InputException>(() => sampler.Tangent(start, z, start, Condition.Of(("b", z)))).Message);
        Assert.Throws<ArgumentException>(() => sampler.Tangent(start, z, start / 0));
        Assert.Throws<InputException>(() => sampler.Tangent(start, z, start.to(ScalarType.Int64)));
    }

    private static BrownianPath PathOf(string name) => name == "rex-shark" ? BrownianPath.Tree(11) : BrownianPath.PerStep(11);

    private static Sampler NewSampler(Denoiser denoiser, string name) =>
        new(denoiser, Schedule, SolverOf(name), TimeGrid.Uniform(Steps, 1, 0.05));

    private static Solver SolverOf(string name) => name switch
    {
        "rex-midpoint" => Solver.Rex(ButcherTableau.Midpoint),
        "rex-shark" => Solver.Rex(ButcherTableau.Shark),
        "edict" => Solver.Edict(),
        "bdia" => Solver.Bdia(),
        _ => Solvers.Named(name),
    };

    private sealed class Squared : autograd.SingleTensorFunction<Squared>
    {
        public override string Name => "Squared";

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var x = (Tensor)vars[0];
            ctx.save_for_backward([x]);
            return x.square();
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            using IDisposable noGraph = no_grad();
            return [ctx.get_saved_variables()[0].Times(2).mul_(grad_output)];
        }
    }
}
