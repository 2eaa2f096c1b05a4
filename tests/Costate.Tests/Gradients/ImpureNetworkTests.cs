using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>
/// Networks that are not functions of their inputs alone: the gradient is that of the sample that was returned, as plain backpropagation
/// gives it, or the network is refused.
/// </summary>
public sealed class ImpureNetworkTests
{
    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    public static TheoryData<string> Methods => ["graphs", "some graphs", .. Repeating];

    /// <summary>Those that evaluate the network again.</summary>
    public static TheoryData<string> Repeating => ["states", "revolve", "reversible"];

    [Theory]
    [MemberData(nameof(Methods))]
    public void Dropout_IsReplayed(string method)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        var denoiser = Denoiser.FromFunction(
            (x, t, z) => nn.functional.dropout(net.call(x, t, z!), 0.4),
            Prediction.Noise,
            parameters: net.parameters());
        Sampler sampler = NewSampler(denoiser, method);
        manual_seed(5);
        SampleGradient expected = sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, GradientMethod.Unrolled());
        Tensor next = rand(4);
        manual_seed(5);
        SampleGradient actual = sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, Named(method));
        Near.Equal(expected.Sample, actual.Sample, 1e-12);
        Near.Equal(expected.StartNoise, actual.StartNoise, 1e-11);
        Near.Equal(expected.Condition!, actual.Condition!, 1e-11);
        Near.Equal(expected.Parameters[0], actual.Parameters[0], 1e-11);

        // The caller's own random numbers go on as if nothing had been repeated.
        Assert.Equal(next, rand(4));

        // Control: with other random numbers it is another gradient.
        manual_seed(6);
        SampleGradient other = sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, Named(method));
        Assert.True(Near.Relative(expected.StartNoise, other.StartNoise) > 0.01);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Dropout_IsReplayedInASecondBackwardPass(string method)
    {
        using var scope = NewDisposeScope();
        Sampler sampler = NewSampler(Denoiser.FromFunction((x, _, _) => nn.functional.dropout(x, 0.4), Prediction.Noise), method);
        Tensor start = SmallNet.Start().requires_grad_(true);
        Tensor loss = SmallNet.Loss(sampler.Differentiable(start, method: Named(method))).sum();
        autograd.backward([loss], retain_graph: true);
        Tensor once = start.grad!.clone();
        rand(3);
        autograd.backward([loss]);
        Near.Equal(2 * once, start.grad!, 1e-12);
    }

    [Theory]
    [MemberData(nameof(Repeating))]
    public void CallCounter_IsRefused(string method)
    {
        using var scope = NewDisposeScope();
        int calls = 0;
        Sampler sampler = NewSampler(Denoiser.FromFunction((x, _, _) => x * (0.5 + (0.05 * ++calls)), Prediction.Noise), method);
        var error = Assert.Throws<InvalidOperationException>(() => sampler.Gradient(SmallNet.Start(), null, SmallNet.Loss, Named(method)));
        Assert.Contains("not deterministic", error.Message, StringComparison.Ordinal);
        calls = 0;
        Assert.NotNull(sampler.Gradient(SmallNet.Start(), null, SmallNet.Loss, GradientMethod.Unrolled()));
    }

    [Theory]
    [MemberData(nameof(Repeating))]
    public void GeneratorOfItsOwn_IsRefused(string method)
    {
        using var scope = NewDisposeScope();
        using var own = new Generator(1);
        Sampler sampler = NewSampler(
            Denoiser.FromFunction((x, _, _) => x * rand([1], ScalarType.Float64, generator: own), Prediction.Noise),
            method);
        Assert.Throws<InvalidOperationException>(() => sampler.Gradient(SmallNet.Start(), null, SmallNet.Loss, Named(method)));
    }

    [Fact]
    public void EveryReversibleSolver_SeesACounter()
    {
        using var scope = NewDisposeScope();
        foreach (
            Solver solver in new[]
            {
                Solver.Rex(ButcherTableau.Rk4),
                Solver.Rex(ButcherTableau.Euler, prediction: Prediction.Noise),
                Solver.Edict(),
                Solver.Bdia(),
                Solver.Belm(),
            })
        {
            int calls = 0;
            var sampler = new Sampler(
                Denoiser.FromFunction((x, _, _) => x * (0.5 + (0.05 * ++calls)), Prediction.Noise),
                Schedule,
                solver,
                TimeGrid.UniformLogSnr(Schedule, 5, 1, 0.05));
            Assert.Throws<InvalidOperationException>(() =>
                sampler.Gradient(SmallNet.Start(), null, SmallNet.Loss, GradientMethod.Reversible()));
        }
    }

    [Fact]
    public void AnchorsDoNotHideACounter()
    {
        using var scope = NewDisposeScope();
        int calls = 0;
        Sampler sampler = NewSampler(Denoiser.FromFunction((x, _, _) => x * (0.5 + (0.05 * ++calls)), Prediction.Noise), "reversible");
        Assert.Throws<InvalidOperationException>(() =>
            sampler.Gradient(SmallNet.Start(), null, SmallNet.Loss, GradientMethod.Reversible(anchors: 1)));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void BatchNorm_IsRight_AndCountsOnceASample(string method)
    {
        using var scope = NewDisposeScope();
        using var expectedNet = new Normalised();
        using var net = new Normalised();
        SampleGradient expected = NewSampler(Denoiser.FromModule(expectedNet, Prediction.Noise), method)
            .Gradient(SmallNet.Start(4), null, SmallNet.Loss, GradientMethod.Unrolled());
        SampleGradient actual = NewSampler(Denoiser.FromModule(net, Prediction.Noise), method)
            .Gradient(SmallNet.Start(4), null, SmallNet.Loss, Named(method));
        Near.Equal(expected.StartNoise, actual.StartNoise, 1e-11);
        foreach ((Tensor e, Tensor a) in expectedNet.buffers().Zip(net.buffers()))
        {
            Near.Equal(e, a, 1e-13);
        }

        // Control: the statistics do move.
        using var untouched = new Normalised();
        Assert.True(Near.Relative(untouched.buffers().First() + 1, net.buffers().First() + 1) > 1e-3);
    }

    [Theory]
    [InlineData("graphs")]
    [InlineData("some graphs")]
    [InlineData("states")]
    [InlineData("revolve")]
    [InlineData("reversible")]
    [InlineData("unrolled")]
    [InlineData("adjoint")]
    public void LostGraph_IsRefused(string method)
    {
        using var scope = NewDisposeScope();
        Sampler NoGraph(Func<Tensor, Tensor> f) => NewSampler(Denoiser.FromFunction(
            (x, _, _) =>
            {
                using IDisposable none = no_grad();
                return f(x);
            },
            Prediction.Noise), method);
        var error = Assert.Throws<InvalidOperationException>(() =>
            NoGraph(x => x * 0.5).Gradient(SmallNet.Start(), null, SmallNet.Loss, Named(method)));
        Assert.Contains("depends on x", error.Message, StringComparison.Ordinal);

        // A network that truly ignores its input has the Jacobian zero.
        SampleGradient constant = NoGraph(x => full_like(x, 0.3)).Gradient(SmallNet.Start(), null, SmallNet.Loss, Named(method));
        Assert.True(constant.StartNoise.abs().sum().item<double>() > 0);
    }

    [Theory]
    [InlineData("graphs")]
    [InlineData("some graphs")]
    [InlineData("states")]
    [InlineData("reversible")]
    [InlineData("adjoint")]
    public void DetachedInputs_AreRefused(string method)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Tensor z = SmallNet.Condition();
        Sampler X(Func<Tensor, Tensor> x, Func<Tensor, Tensor> c) => NewSampler(
                Denoiser.FromFunction(
                    (given, t, condition) => net.call(x(given), t, c(condition!)),
                    Prediction.Noise,
                    parameters: net.parameters()),
                method);
        string Refusal(Sampler sampler) =>
            Assert.Throws<InvalidOperationException>(() => sampler.Gradient(SmallNet.Start(), z, SmallNet.Loss, Named(method))).Message;
        Assert.Contains("depends on x", Refusal(X(x => x.detach(), c => c)), StringComparison.Ordinal);
        Assert.Contains("the condition", Refusal(X(x => x, c => c.detach())), StringComparison.Ordinal);

        // Labels as numbers: rounded inside the network, they have no gradient, and ignoring z is ignoring z.
        Assert.NotNull(X(x => x, c => zeros_like(c)).Gradient(SmallNet.Start(), z, SmallNet.Loss, Named(method)));
        Assert.NotNull(
            X(x => x, c => c.to(ScalarType.Int64).to(ScalarType.Float64))
                .Gradient(SmallNet.Start(), ones(2, 2, ScalarType.Float64) * 3, SmallNet.Loss, Named(method)));

        // Where no gradient of the condition is asked for, none is missed.
        Tensor start = SmallNet.Start().requires_grad_(true);
        SmallNet.Loss(X(x => x, c => c.detach()).Differentiable(start, z, Named(method))).sum().backward();
        Assert.NotNull(start.grad);
    }

    private static Sampler NewSampler(Denoiser denoiser, string method) => new(
        denoiser,
        Schedule,
        method == "reversible" ? Solver.Rex(ButcherTableau.Midpoint) : Solver.DpmSolverPlusPlus(2),
        TimeGrid.UniformLogSnr(Schedule, 5, 1, 0.05));

    private static GradientMethod Named(string method) => method switch
    {
        "states" => GradientMethod.Discrete(Checkpointing.States),
        "some graphs" => GradientMethod.Discrete(Checkpointing.Graphs(GraphBudget.OfEvaluations(2))),
        "revolve" => GradientMethod.Discrete(Checkpointing.Revolve(2)),
        "reversible" => GradientMethod.Reversible(),
        "unrolled" => GradientMethod.Unrolled(),
        "adjoint" => GradientMethod.AdjointDeis(),
        _ => GradientMethod.Discrete(),
    };

    private sealed class Normalised : nn.Module<Tensor, Tensor, Tensor>
    {
        private readonly BatchNorm1d norm = nn.BatchNorm1d(3, dtype: ScalarType.Float64);

        internal Normalised()
            : base(nameof(Normalised)) => RegisterComponents();

        public override Tensor forward(Tensor x, Tensor t) => norm.call(x).tanh();
    }
}
