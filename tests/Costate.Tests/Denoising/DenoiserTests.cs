using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class DenoiserTests
{
    [Fact]
    public void Unconditional_OfAnotherShape_IsRefused()
    {
        using var scope = NewDisposeScope();
        Denoiser denoiser = Denoiser.FromFunction((x, _, z) => x * z!, Prediction.Noise);
        Assert.Contains(
            "shape []",
            Assert.Throws<InputException>(() => denoiser.WithClassifierFreeGuidance(tensor(0.5), 2)).Message,
            StringComparison.Ordinal);
        Denoiser three = denoiser.WithClassifierFreeGuidance(ones(3, 1), 2);
        Assert.Contains(
            "shape [3, 1]",
            Assert.Throws<InputException>(() => three.Call(ones(2, 1), 0.5, ones(2, 1))).Message,
            StringComparison.Ordinal);
        Assert.Equal([3L, 1], three.Call(ones(3, 1), 0.5, ones(3, 1)).shape);
    }

    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear();

    [Fact]
    public void TrainingTimesteps_TellTheTrainingStep()
    {
        Assert.Equal([999f, 499f, 0f], Told(trainingTimesteps: 1000));
        Assert.Equal([1000f, 500f, 1f], Told(timeScale: 1000));
        Assert.Equal([1f, 0.5f, 0.001f], Told());
        Assert.Throws<ArgumentException>(() => Told(timeScale: 2, trainingTimesteps: 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => Told(timeScale: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Told(trainingTimesteps: 0));

        static float[] Told(double timeScale = 1, int? trainingTimesteps = null)
        {
            using var scope = NewDisposeScope();
            List<float> told = [];
            var denoiser = Denoiser.FromFunction(
                (x, t, _) =>
                {
                    told.Add(t[0].item<float>());
                    return x;
                },
                Prediction.Noise,
                timeScale,
                trainingTimesteps);
            new Sampler(denoiser, Schedule, Solver.Ddim(), TimeGrid.FromTimes([1, 0.5, 0.001, 0])).Sample(zeros(1, 2));
            return [.. told];
        }
    }

    [Fact]
    public void Parameters_AreTheTrainableOnes()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Assert.Equal(4, Denoiser.FromModule(net, Prediction.Noise).Parameters.Count);
        net.parameters().First().requires_grad = false;
        Assert.Equal(3, Denoiser.FromModule(net, Prediction.Noise).Parameters.Count);
    }

    [Fact]
    public void Parameters_HiddenInAFunction_SaySo()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        TimeGrid grid = TimeGrid.Uniform(3);
        Tensor z = SmallNet.Condition();
        var hidden = new Sampler(Denoiser.FromFunction((x, t, c) => net.call(x, t, c!), Prediction.Noise), Schedule, Solver.Ddim(), grid);
        SampleGradient gradient = hidden.Gradient(SmallNet.Start(), z, SmallNet.Loss);
        Assert.Contains(
            "parameters: module.parameters()",
            Assert.Throws<InvalidOperationException>(() => gradient.Parameters).Message,
            StringComparison.Ordinal);

        var given = new Sampler(
            Denoiser.FromFunction((x, t, c) => net.call(x, t, c!), Prediction.Noise, parameters: net.parameters()),
            Schedule,
            Solver.Ddim(),
            grid);
        var module = new Sampler(Denoiser.FromModule(net, Prediction.Noise), Schedule, Solver.Ddim(), grid);
        Assert.Equal(
            module.Gradient(SmallNet.Start(), z, SmallNet.Loss).Parameters[0],
            given.Gradient(SmallNet.Start(), z, SmallNet.Loss).Parameters[0]);
    }

    [Fact]
    public void ClassifierFreeGuidance_ExtrapolatesAndCountsTwice()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Tensor none = zeros(1, 2, dtype: ScalarType.Float64);
        Denoiser plain = Denoiser.FromModule(net, Prediction.Noise);
        Denoiser guided = plain.WithClassifierFreeGuidance(none, 3);
        Tensor x = SmallNet.Start();
        Tensor z = SmallNet.Condition();
        Tensor u = plain.Call(x, 0.5, none.expand(2, 2));
        Near.Equal(u + (3 * (plain.Call(x, 0.5, z) - u)), guided.Call(x, 0.5, z), 1e-14);
        Near.Equal(plain.Call(x, 0.5, z), plain.WithClassifierFreeGuidance(none, 1).Call(x, 0.5, z), 1e-14);

        var sampler = new Sampler(guided, Schedule, Solver.DpmSolverPlusPlus(2), TimeGrid.Uniform(4));
        SampleGradient expected = sampler.Gradient(x, z, SmallNet.Loss, GradientMethod.Unrolled());
        SampleGradient actual = sampler.Gradient(x, z, SmallNet.Loss);
        Near.Equal(expected.StartNoise, actual.StartNoise, 1e-12);
        Near.Equal(expected.Condition!, actual.Condition!, 1e-12);
        Assert.Equal(8, actual.Cost.NetworkEvaluations);
        Assert.Throws<ArgumentOutOfRangeException>(() => plain.WithClassifierFreeGuidance(none, double.NaN));
    }

    [Fact]
    public void ClassifierFreeGuidance_TakesANullCondition()
    {
        using var scope = NewDisposeScope();
        Denoiser guided = Denoiser.FromFunction((x, _, z) => z is null ? x : x + z, Prediction.Noise).WithClassifierFreeGuidance(null, 2);
        Tensor x = ones(1, 2);
        Near.Equal(x + 2, guided.Call(x, 0.5, ones(1, 2)), 1e-7);
    }

    [Fact]
    public void Modules_RefuseTheWrongNumberOfInputs()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Tensor x = SmallNet.Start();
        Assert.Contains(
            "no condition",
            Assert
                .Throws<InvalidOperationException>(() =>
                {
                    Denoiser.FromModule(net, Prediction.Noise).Call(x, 0.5, null);
                })
                .Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Modules_OfAnotherDtypeOrDevice_AreNamed()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet(ScalarType.Float32);
        Denoiser denoiser = Denoiser.FromModule(net, Prediction.Noise);
        Refused(ScalarType.Float64, ScalarType.Float64, "dtype Float64", "weights of dtype Float32", "ScalarType.Float64");
        Refused(ScalarType.Float32, ScalarType.Float64, "dtype Float32", "a condition of dtype Float64");
        net.to(META);
        Refused(ScalarType.Float32, ScalarType.Float32, "on cpu", "on meta");

        void Refused(ScalarType x, ScalarType z, params string[] says)
        {
            var sampler = new Sampler(denoiser, Schedule, Solver.Ddim(), TimeGrid.Uniform(3));
            string message = Assert
                .Throws<InvalidOperationException>(() =>
                {
                    sampler.Sample(SmallNet.Start(2, x), SmallNet.Condition(2, z));
                })
                .Message;
            Assert.All(says, text => Assert.Contains(text, message, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void IntegerCondition_HasNoGradient()
    {
        using var scope = NewDisposeScope();
        var denoiser = Denoiser.FromFunction((x, _, z) => x * z!.unsqueeze(1).to(x.dtype) * 0.1, Prediction.Noise);
        var sampler = new Sampler(denoiser, Schedule, Solver.Ddim(), TimeGrid.Uniform(3));
        Tensor labels = tensor(new long[] { 1, 2 });
        foreach (GradientMethod method in new[] { GradientMethod.Discrete(), GradientMethod.Unrolled(), GradientMethod.AdjointDeis(1) })
        {
            Assert.Null(sampler.Gradient(SmallNet.Start(), labels, SmallNet.Loss, method).Condition);
        }
    }
}
