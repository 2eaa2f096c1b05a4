using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Derivatives of times and of the share of noise against finite differences of samples, for every solver.</summary>
public sealed class CoefficientGradientTests
{
    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);
    private static readonly double[] Times = [0.95, 0.8, 0.55, 0.4, 0.2, 0.1, 0.03];

    public static TheoryData<string> Names => [.. Solvers.Every.Select(row => row.Data), "rex-midpoint", "bdia"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Times_EqualFiniteDifferences(string name)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Denoiser denoiser = Denoiser.FromModule(net, Prediction.Velocity, timeScale: 2);
        Solver solver = SolverOf(name);
        Condition z = Condition.Scheduled(SmallNet.ScheduledCondition(Times.Length - 1));
        BrownianPath noise = BrownianPath.PerStep(11);

        SampleGradient gradient = SamplerOf(Times).Gradient(SmallNet.Start(), z, SmallNet.Loss, noise: noise, also: GradientParts.Times);

        Assert.Equal([Times.Length, 2], gradient.Times!.shape);
        const double step = 1e-5;
        for (int k = 0; k < Times.Length; k++)
        {
            Tensor difference = (Loss(k, -2) - (8 * Loss(k, -1)) + (8 * Loss(k, 1)) - Loss(k, 2)) / (12 * step);

            // Relative to the largest: to some times a sample is nearly indifferent.
            double distance = ((difference - gradient.Times[k]).abs().max() / gradient.Times.abs().max()).ToDouble();
            Assert.True(distance < 1e-6, $"time {k}: {distance:G3}");
        }

        // What was there before is what it was.
        SampleGradient plain = SamplerOf(Times).Gradient(SmallNet.Start(), z, SmallNet.Loss, noise: noise);
        Near.Equal(plain.StartNoise, gradient.StartNoise, 1e-12);
        Near.Equal(plain.Condition!, gradient.Condition!, 1e-12);

        Sampler SamplerOf(double[] times) => new(denoiser, Schedule, solver, TimeGrid.FromTimes(times));

        Tensor Loss(int k, int steps)
        {
            double[] moved = [.. Times];
            moved[k] += steps * step;
            return SmallNet.Loss(SamplerOf(moved).Sample(SmallNet.Start(), z, noise));
        }
    }

    [Theory]
    [InlineData("ddim-0.5", 0.5)]
    [InlineData("ddim-0.5", 1.0)]
    [InlineData("tcd-0.3", 0.3)]
    [InlineData("sa-2", 1.0)]
    public void Eta_EqualsFiniteDifferences(string name, double eta)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        BrownianPath noise = BrownianPath.PerStep(11);
        Tensor start = SmallNet.Start(), z = SmallNet.Condition();

        const GradientParts both = GradientParts.Eta | GradientParts.Times;
        SampleGradient gradient = SamplerOf(eta).Gradient(start, z, SmallNet.Loss, noise: noise, also: both);

        const double step = 1e-5;
        Tensor difference = eta < 1 || name == "sa-2"
            ? (Loss(1) - Loss(-1)) / (2 * step)
            : ((11 * Loss(0)) - (18 * Loss(-1)) + (9 * Loss(-2)) - (2 * Loss(-3))) / (6 * step);
        Near.Equal(difference, gradient.Eta!, 1e-6);
        Assert.NotNull(gradient.Times);

        Tensor Loss(int steps) => SmallNet.Loss(SamplerOf(eta + (steps * step)).Sample(start, z, noise));

        Sampler SamplerOf(double its) => new(
            Denoiser.FromModule(net, Prediction.Noise),
            Schedule,
            name switch { "tcd-0.3" => Solver.TrajectoryConsistency(its), "sa-2" => Solver.SaSolver(tau: its), _ => Solver.Ddim(its) },
            TimeGrid.FromTimes(Times));
    }

    [Fact]
    public void Guidance_OfADoubledBatch_HasItsTimes()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Denoiser denoiser = Denoiser.FromModule(net, Prediction.Noise)
            .WithClassifierFreeGuidance(zeros(1, 2, ScalarType.Float64), 2.5, interval: (0.15, 0.5));
        Tensor start = SmallNet.Start(), z = SmallNet.Condition();
        SampleGradient gradient = SamplerOf(0).Gradient(
            start, z, SmallNet.Loss, also: GradientParts.Times | GradientParts.GuidanceScale | GradientParts.StateCotangents);
        const double step = 1e-5;
        Tensor difference = (SmallNet.Loss(SamplerOf(step).Sample(start, z)) - SmallNet.Loss(SamplerOf(-step).Sample(start, z))) / (2 * step);
        Near.Equal(difference, gradient.Times![3], 1e-6);
        Near.Equal(gradient.StartNoise, gradient.StateCotangents![0], 1e-12);
        Assert.NotNull(gradient.GuidanceScale);

        Sampler SamplerOf(double shift) => new(
            denoiser, Schedule, Solver.DpmSolverPlusPlus(2), TimeGrid.FromTimes([.. Times[..3], Times[3] + shift, .. Times[4..]]));
    }

    [Fact]
    public void Ends_AtTheirLimits_AreOfOneSide_AndNotANumberWithoutNoise()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        double[] times = [1, 0.6, 0.3, 0];
        var sampler = new Sampler(
            Denoiser.FromModule(net, Prediction.Flow), NoiseSchedule.VpLinear(0.1, 20), Solver.DpmSolverPlusPlus(2), TimeGrid.FromTimes(times));
        Tensor start = SmallNet.Start(), z = SmallNet.Condition();
        Tensor gradient = sampler.Gradient(start, z, SmallNet.Loss, also: GradientParts.Times).Times!;
        Assert.True(gradient[3].isnan().all().ToBoolean());
        const double step = 1e-5;
        Tensor difference = ((3 * Loss(1)) - (4 * Loss(1 - step)) + Loss(1 - (2 * step))) / (2 * step);
        Near.Equal(difference, gradient[0], 1e-6);

        Tensor Loss(double first) => SmallNet.Loss(
            new Sampler(sampler.Denoiser, sampler.Schedule, sampler.Solver, TimeGrid.FromTimes([first, .. times[1..]])).Sample(start, z));
    }

    [Fact]
    public void NetworkThatIsToldIntegers_IsRefused_OrTakenAsConstant()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Denoiser embeds = Denoiser.FromFunction(
            (x, t, z) => net.call(x, t.to(ScalarType.Int64).to(ScalarType.Float64) / 1000, z!), Prediction.Noise, trainingTimesteps: 1000);
        Tensor start = SmallNet.Start(), z = SmallNet.Condition();
        Sampler sampler = new(embeds, Schedule, Solver.DpmSolverPlusPlus(2), TimeGrid.FromTimes(Times));
        string message = Assert.Throws<InvalidOperationException>(
            () => sampler.Gradient(start, z, SmallNet.Loss, also: GradientParts.Times)).Message;
        Assert.Contains("the time that it is told", message);
        Assert.Contains("NetworkTimesAreConstant", message);
        Tensor constant = sampler.Gradient(
            start, z, SmallNet.Loss, also: GradientParts.Times | GradientParts.NetworkTimesAreConstant).Times!;

        // Between integers the network is constant.
        const double step = 1e-6;
        double[] middle = [.. Times.Select(t => t + 0.0004)];
        constant = new Sampler(embeds, Schedule, sampler.Solver, TimeGrid.FromTimes(middle)).Gradient(
            start, z, SmallNet.Loss, also: GradientParts.Times | GradientParts.NetworkTimesAreConstant).Times!;
        Near.Equal((Loss(step) - Loss(-step)) / (2 * step), constant[2], 1e-6);

        // A grid that tells the network rounded times says so.
        TimeGrid rounded = TimeGrid.FromTimes(Times, [.. Times.Select(t => Math.Round(t, 1))]);
        var other = new Sampler(Denoiser.FromModule(net, Prediction.Noise), Schedule, sampler.Solver, rounded);
        Assert.Contains(
            "NetworkTimesAreConstant",
            Assert.Throws<InputException>(() => other.Gradient(start, z, SmallNet.Loss, also: GradientParts.Times)).Message);

        Tensor Loss(double shift)
        {
            double[] moved = [.. middle];
            moved[2] += shift;
            return SmallNet.Loss(new Sampler(embeds, Schedule, sampler.Solver, TimeGrid.FromTimes(moved)).Sample(start, z));
        }
    }

    [Fact]
    public void WhatCannotBeDifferentiated_IsRefusedByName()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Tensor start = SmallNet.Start(), z = SmallNet.Condition();
        Denoiser denoiser = Denoiser.FromModule(net, Prediction.Noise);
        Refused(denoiser, Solver.Ddim(), GradientParts.Eta, "share of noise");
        Refused(denoiser, Solver.Ddim(), GradientParts.NetworkTimesAreConstant, "Times");
        Refused(denoiser, Solver.Ddpm(), GradientParts.Times, "nowhere differentiable", BrownianPath.Tree(3));
        Refused(denoiser, Solver.Ddim(), GradientParts.Times, "Discrete()", method: GradientMethod.Unrolled());
        Refused(denoiser, Solver.Ddim(), GradientParts.Times, "Discrete()", method: GradientMethod.Discrete(lastSteps: 2));
        Denoiser guided = denoiser.WithClassifierGuidance((x, t) => x.sum(1), Schedule);
        Refused(guided, Solver.Ddim(), GradientParts.Times, "classifier guidance");

        void Refused(
            Denoiser its, Solver solver, GradientParts also, string said, BrownianPath? noise = null, GradientMethod? method = null)
        {
            var sampler = new Sampler(its, Schedule, solver, TimeGrid.FromTimes(Times));
            Assert.Contains(
                said,
                Assert.Throws<InputException>(() => sampler.Gradient(start, z, SmallNet.Loss, method, noise, also: also)).Message);
        }
    }

    private static Solver SolverOf(string name) => name switch
    {
        "rex-midpoint" => Solver.Rex(ButcherTableau.Midpoint),
        "bdia" => Solver.Bdia(),
        _ => Solvers.Named(name),
    };
}
