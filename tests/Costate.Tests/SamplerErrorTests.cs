using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>What a run refuses, and what it says of a network or a loss that fails.</summary>
public sealed class SamplerErrorTests
{
    private const int Steps = 5;

    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void NetworkOutput_NotFinite_NamesStepTimeAndItem(double bad)
    {
        using var scope = NewDisposeScope();
        TimeGrid grid = TimeGrid.Uniform(Steps);
        var denoiser = Denoiser.FromFunction(
            (x, t, _) =>
            {
                Tensor output = x * 0.5;
                if (t[0].item<double>() == grid.Times[3])
                {
                    output[1, 2] = bad;
                }

                return output;
            },
            Prediction.Noise);
        foreach (GradientMethod method in new[] { GradientMethod.Discrete(), GradientMethod.Unrolled(), GradientMethod.AdjointDeis(1) })
        {
            string message = Assert
                .Throws<InvalidOperationException>(() =>
                {
                    new Sampler(denoiser, Schedule, Solver.Ddim(), grid).Gradient(SmallNet.Start(), null, SmallNet.Loss, method);
                })
                .Message;
            Assert.Contains("step 3", message, StringComparison.Ordinal);
            Assert.Contains("item 1", message, StringComparison.Ordinal);
            Assert.Contains(FormattableString.Invariant($"time {grid.Times[3]:R}"), message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void NetworkOutput_OfAnotherShape_IsNamed()
    {
        using var scope = NewDisposeScope();
        var sampler = new Sampler(
            Denoiser.FromFunction((x, _, _) => cat([x, x], 1), Prediction.Noise),
            Schedule,
            Solver.Ddim(),
            TimeGrid.Uniform(Steps));
        string message = Assert.Throws<InvalidOperationException>(() => { sampler.Sample(SmallNet.Start()); }).Message;
        Assert.Contains("[2, 6]", message, StringComparison.Ordinal);
        Assert.Contains("[2, 3]", message, StringComparison.Ordinal);
    }

    [Fact]
    public void NetworkOutput_ThatIsNoFloatingPointTensorThere_IsNamed()
    {
        using var scope = NewDisposeScope();
        Refused(x => (x * 4).to(ScalarType.Int64), "returned dtype Int64", "dtype Float64");
        Refused(x => zeros(2, 3, ScalarType.Float64, META), "on meta", "on cpu");
        Refused(_ => null!, "returned null");

        static void Refused(Func<Tensor, Tensor> network, params string[] says)
        {
            var sampler = new Sampler(
                Denoiser.FromFunction((x, _, _) => network(x), Prediction.Noise),
                Schedule,
                Solver.Ddim(),
                TimeGrid.Uniform(Steps));
            string message = Assert
                .Throws<InvalidOperationException>(() =>
                {
                    sampler.Gradient(SmallNet.Start(), null, SmallNet.Loss);
                })
                .Message;
            Assert.All(says, text => Assert.Contains(text, message, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void BadInput_IsRefusedBeforeTheNetworkRuns()
    {
        using var scope = NewDisposeScope();
        var sampler = new Sampler(
            Denoiser.FromFunction((_, _, _) => throw new InvalidOperationException("ran"), Prediction.Noise),
            Schedule,
            Solver.Ddim(),
            TimeGrid.Uniform(Steps));
        Tensor start = SmallNet.Start();
        foreach (double bad in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity })
        {
            Tensor broken = SmallNet.Start();
            broken[1, 0] = bad;
            Refused(() => sampler.Sample(broken), "NaN or infinity in x_T, item 1");
            Refused(() => sampler.Sample(start, full(2, 2, bad)), "NaN or infinity in the condition, item 0");
        }

        Refused(() => sampler.Sample(zeros(2, 3, dtype: ScalarType.Int64)), "floating-point");
        Refused(() => sampler.Sample(zeros(0, 3)), "[0, 3]");
        Refused(() => sampler.Sample(tensor(1.0)), "[batch, ...]");
        Refused(() => sampler.Sample(start, zeros(3, 2, dtype: ScalarType.Float64)), "batch of 2");
        Refused(() => sampler.Sample(start, Condition.Scheduled(zeros(4, 2, 2))), "4 entries for 5 steps");
        Refused(() => sampler.Sample(start, Condition.Scheduled(zeros(5, 3, 2))), "[steps, batch, ...]");
        Refused(() => sampler.Sample(start, zeros(2, 2, device: META)), "move one of them");
        Refused(() => Condition.Scheduled(zeros(5)).Values, "[steps, batch, ...]");
        Refused(() => Condition.Scheduled([zeros(2, 2), zeros(2, 3)]).Values, "[2, 3]");
        Assert.Throws<ArgumentNullException>(() => { sampler.Sample((Tensor)null!); });

        var stochastic = new Sampler(sampler.Denoiser, Schedule, Solver.Ddpm(), TimeGrid.Uniform(Steps));
        Refused(() => stochastic.Sample(start), "BrownianPath.PerStep(seed)");

        static void Refused(Func<Tensor> call, string says) =>
            Assert.Contains(says, Assert.Throws<ArgumentException>(() => { call(); }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BadLoss_IsExplained()
    {
        using var scope = NewDisposeScope();
        var sampler = new Sampler(
            Denoiser.FromFunction((x, _, _) => x.tanh(), Prediction.Noise),
            Schedule,
            Solver.Ddim(),
            TimeGrid.Uniform(Steps));
        Refused(x => x.square(), "[2, 3]");
        Refused(x => x.detach().square().sum(1), "no gradient");
        Refused(x => (x.sum(1) * 0).log(), "item 0");
        Refused(_ => null!, "null");

        void Refused(Func<Tensor, Tensor> loss, string says) =>
            Assert.Contains(
                says,
                Assert
                    .Throws<InvalidOperationException>(() =>
                    {
                        sampler.Gradient(SmallNet.Start(), null, loss);
                    })
                    .Message,
                StringComparison.Ordinal);
    }
}
