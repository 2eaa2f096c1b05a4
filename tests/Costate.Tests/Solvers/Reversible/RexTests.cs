using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class RexTests
{
    private readonly Mixture mixture = Mixture.Load();

    public static TheoryData<string> Tableaus => [.. ButcherTableau.All.Where(t => !t.IsStochastic).Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Tableaus))]
    public void Reversible_EqualsUnrolled(string name)
    {
        foreach (Prediction prediction in new[] { Prediction.Data, Prediction.Noise })
        {
            AssertReversibleEqualsUnrolled(Solver.Rex(ButcherTableauTests.Named(name), prediction: prediction), null);
        }
    }

    [Theory]
    [InlineData("euler-maruyama", Prediction.Data)]
    [InlineData("euler-maruyama", Prediction.Noise)]
    [InlineData("shark", Prediction.Data)]
    public void Reversible_OfAnSde_EqualsUnrolled(string name, Prediction prediction)
    {
        foreach (int steps in new[] { 10, 20, 50, 100 })
        {
            using var scope = NewDisposeScope();
            Solver solver = Solver.Rex(ButcherTableauTests.Named(name), prediction: prediction);
            var sampler = new Sampler(
                mixture.Denoiser(),
                mixture.Schedule,
                solver,
                TimeGrid.UniformLogSnr(mixture.Schedule, steps, 1, 1e-3));
            SampleGradient Gradient(GradientMethod method) =>
                sampler.Gradient(mixture.StartTensor(), mixture.ConditionTensor(), mixture.Loss, method, BrownianPath.PerStep(4));
            SampleGradient expected = Gradient(GradientMethod.Unrolled());
            SampleGradient actual = Gradient(GradientMethod.Reversible());
            Near.Equal(expected.StartNoise, actual.StartNoise, 1e-10);
            Near.Equal(expected.Condition!, actual.Condition!, 1e-10);

            // The states come back to the bit, and so does what is computed from them.
            Assert.Equal(0, actual.ReconstructionDrift);
            Near.Equal(Gradient(GradientMethod.Discrete()).StartNoise, actual.StartNoise, 0);
        }
    }

    [Fact]
    public void Reversible_OfTheRivals_EqualsUnrolled()
    {
        foreach (Solver solver in new[] { Solver.Edict(), Solver.Edict(alternates: false), Solver.Bdia(), Solver.Bdia(0.5), Solver.Belm() })
        {
            AssertReversibleEqualsUnrolled(solver, null);
        }
    }

    [Fact]
    public void Reversible_In32Bits_EqualsUnrolled()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet(ScalarType.Float32);
        foreach (ButcherTableau tableau in ButcherTableau.All)
        {
            Sampler sampler = NewSampler(net, Solver.Rex(tableau));
            Tensor start = SmallNet.Start(2, ScalarType.Float32);
            Tensor z = SmallNet.Condition(2, ScalarType.Float32);
            SampleGradient expected = sampler.Gradient(start, z, SmallNet.Loss, GradientMethod.Unrolled(), BrownianPath.PerStep(4));
            SampleGradient actual = sampler.Gradient(start, z, SmallNet.Loss, GradientMethod.Reversible(), BrownianPath.PerStep(4));
            Near.Equal(expected.StartNoise, actual.StartNoise, 1e-4);
            Near.Equal(expected.Condition!, actual.Condition!, 1e-4);
            Assert.Equal(ScalarType.Float32, actual.StartNoise.dtype);
            Assert.Equal(ScalarType.Float32, actual.Sample.dtype);
        }
    }

    [Fact]
    public void Reversible_KeepsTwoStates_WhateverTheSteps()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        foreach (int steps in new[] { 4, 40 })
        {
            var sampler = new Sampler(
                Denoiser.FromModule(net, Prediction.Noise),
                NoiseSchedule.VpLinear(),
                Solver.Rex(ButcherTableau.Euler),
                TimeGrid.Uniform(steps));
            SampleGradient gradient = sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, GradientMethod.Reversible());
            Assert.Equal(2, gradient.Cost.PeakStoredStates);

            // The second copy of the last state is not needed: one evaluation less than two a step.
            Assert.Equal((2 * steps) - 1, gradient.Cost.VectorJacobianProducts);
            Assert.Equal(2 * ((2 * steps) - 1), gradient.Cost.NetworkEvaluations);
        }
    }

    [Fact]
    public void Anchors_StopTheDrift()
    {
        // 0.2 to the power of -60 amplifies rounding by 1e42, which two words of 64 bits do not hold.
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        var sampler = new Sampler(
            Denoiser.FromModule(net, Prediction.Noise),
            NoiseSchedule.VpLinear(),
            Solver.Rex(ButcherTableau.Euler, coupling: 0.2),
            TimeGrid.UniformLogSnr(NoiseSchedule.VpLinear(), 60, 1, 0.05));
        SampleGradient expected = sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, GradientMethod.Unrolled());
        SampleGradient plain = sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, GradientMethod.Reversible());
        SampleGradient anchored = sampler.Gradient(
            SmallNet.Start(),
            SmallNet.Condition(),
            SmallNet.Loss,
            GradientMethod.Reversible(anchors: 10));
        Assert.True(plain.ReconstructionDrift > 1e-3, $"{plain.ReconstructionDrift:E2}");
        Assert.Equal(0, anchored.ReconstructionDrift);
        Near.Equal(expected.StartNoise, anchored.StartNoise, 1e-11);

        // Six pairs, but the last step has no second copy.
        Assert.Equal(2 + 11, anchored.Cost.PeakStoredStates);
        Assert.Null(expected.ReconstructionDrift);
    }

    [Fact]
    public void Rex_RunsRectifiedFlowToItsVeryEnds()
    {
        using var scope = NewDisposeScope();
        NoiseSchedule flow = NoiseSchedule.RectifiedFlow();
        foreach (ButcherTableau tableau in ButcherTableau.All.Where(t => !t.IsStochastic))
        {
            // A network that predicts the flow says something at both ends.
            var denoiser = Denoiser.FromFunction((x, t, _) => (x * 0.8).tanh() + (t.unsqueeze(1) * 0.3 * x), Prediction.Flow);
            var sampler = new Sampler(denoiser, flow, Solver.Rex(tableau), TimeGrid.Uniform(20, 1, 0));
            Tensor start = SmallNet.Start();
            Tensor sample = sampler.Sample(start);
            Assert.True(sample.abs().min().item<double>() > 1e-3);
            NoiseState state = sampler.Invert(sample);
            Near.Equal(sample, sampler.Sample(state), 0);
            SampleGradient expected = sampler.Gradient(start, null, SmallNet.Loss, GradientMethod.Unrolled());
            Near.Equal(expected.StartNoise, sampler.Gradient(start, null, SmallNet.Loss, GradientMethod.Reversible()).StartNoise, 1e-10);
        }
    }

    [Fact]
    public void Rex_RefusesImpossiblePairs()
    {
        Assert.Contains(
            "(0, 1]",
            Assert.Throws<ArgumentOutOfRangeException>(() => Solver.Rex(ButcherTableau.Rk4, coupling: 0)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Solver.Rex(ButcherTableau.Rk4, coupling: 1.1));
        Assert.Contains(
            "one clock",
            Assert.Throws<ArgumentException>(() => Solver.Rex(ButcherTableau.Shark, prediction: Prediction.Noise)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Solver.Rex(ButcherTableau.Rk4, prediction: Prediction.Flow));
        Assert.Contains(
            "inwards",
            Assert
                .Throws<InvalidOperationException>(() =>
                    Solver.Rex(ButcherTableau.Shark).Tabulate(mixture.Schedule, TimeGrid.Uniform(5, 1, 0)))
                .Message,
            StringComparison.Ordinal);

        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        string message = Assert
            .Throws<ArgumentException>(() =>
            {
                NewSampler(net, Solver.Ddim()).Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, GradientMethod.Reversible());
            })
            .Message;
        Assert.Contains("Rex", message, StringComparison.Ordinal);
        Assert.Contains("DDIM", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sample_OfAStateMadeUnderOtherSettings_SaysWhatDiffers()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Tensor z = SmallNet.Condition();
        NoiseState state = NewSampler(net, Solver.Rex(ButcherTableau.Rk4)).Invert(SmallNet.Start(), z);
        string message = Assert
            .Throws<ArgumentException>(() =>
            {
                NewSampler(net, Solver.Rex(ButcherTableau.Rk4, coupling: 0.99)).Sample(state, z);
            })
            .Message;
        Assert.Contains("0.999", message, StringComparison.Ordinal);
        Assert.Contains("solver:", message, StringComparison.Ordinal);
        Assert.DoesNotContain("grid:", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sample_OfAStateOfAnotherNetwork_SaysSo_IfBothAreFingerprinted()
    {
        using var scope = NewDisposeScope();
        using SmallNet net = new(), other = new();
        using (no_grad())
        {
            other.parameters().First().add_(ones(1).mul_(1e-9));
        }

        Tensor z = SmallNet.Condition();
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        Sampler Of(Denoiser denoiser) => new(denoiser, schedule, Solver.Rex(ButcherTableau.Rk4), TimeGrid.Uniform(4));
        Sampler named = Of(Denoiser.FromModule(net, Prediction.Noise).WithFingerprint(net.parameters()));
        Sampler nameless = Of(Denoiser.FromModule(net, Prediction.Noise));
        Sampler stranger = Of(Denoiser.FromModule(other, Prediction.Noise).WithFingerprint(other.parameters()));
        Tensor x = SmallNet.Start();
        NoiseState state = named.Invert(x, z);
        Near.Equal(x, named.Sample(state, z), 0);
        Near.Equal(x, nameless.Sample(state, z), 0);
        Near.Equal(x, named.Sample(nameless.Invert(x, z), z), 0);
        string message = Assert.Throws<ArgumentException>(() => { stranger.Sample(state, z); }).Message;
        Assert.Contains("network: the state has", message, StringComparison.Ordinal);
        Sampler told = Of(Denoiser.FromModule(net, Prediction.Noise, trainingTimesteps: 1000));
        message = Assert.Throws<ArgumentException>(() => { told.Sample(state, z); }).Message;
        Assert.Contains("networkTime: the state has '1 t', this sampler '1000 t - 1'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void NoiseState_RefusesRemaindersThatDoNotFit()
    {
        using var scope = NewDisposeScope();
        Tensor state = zeros(1, 3, ScalarType.Float64);
        ReversibleNoise With(params Tensor[] remainders) =>
            new([state, state.clone()], remainders, ScalarType.Float32, new Dictionary<string, string>());
        Assert.Equal(2, With(state.clone(), state.clone()).Remainders!.Count);
        Assert.Contains("one for each state", Assert.Throws<InputException>(() => With(state)).Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => With(state, zeros(1, 4, ScalarType.Float64)));
        Assert.Throws<InputException>(() => With(state, zeros(1, 3)));
    }

    [Fact]
    public void Invert_WithOtherSolvers_IsWhatTheyCanDo()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Tensor z = SmallNet.Condition();
        Tensor sample = NewSampler(net, Solver.Ddim()).Sample(SmallNet.Start(), z);

        // DDIM inversion is approximate, CycleDiffusion exact.
        Sampler ddim = NewSampler(net, Solver.Ddim(), 200);
        double distance = Near.Relative(sample, ddim.Sample(ddim.Invert(sample, z), z));
        Assert.InRange(distance, 1e-6, 0.3);
        Sampler cycle = NewSampler(net, Solver.SdeDpmSolver(1));
        Near.Equal(sample, cycle.Sample(cycle.Invert(sample, z, BrownianPath.PerStep(3)), z), 1e-11);
        foreach (Solver solver in new[] { Solver.Edict(), Solver.Edict(alternates: false), Solver.Bdia(), Solver.Bdia(0.5), Solver.Belm() })
        {
            Sampler rival = NewSampler(net, solver);
            Near.Equal(sample, rival.Sample(rival.Invert(sample, z), z), 0);
        }
    }

    private static Sampler NewSampler(SmallNet net, Solver solver, int steps = 6)
    {
        NoiseSchedule schedule = NoiseSchedule.VpLinear(0.1, 20);
        return new(Denoiser.FromModule(net, Prediction.Noise), schedule, solver, TimeGrid.UniformLogSnr(schedule, steps, 1, 0.05));
    }

    private static void AssertReversibleEqualsUnrolled(Solver solver, BrownianPath? noise)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(net, solver);
        foreach (Condition z in new[] { Condition.Constant(SmallNet.Condition()), Condition.Scheduled(SmallNet.ScheduledCondition(6)) })
        {
            SampleGradient expected = sampler.Gradient(SmallNet.Start(), z, SmallNet.Loss, GradientMethod.Unrolled(), noise);
            foreach (
                GradientMethod method in new[]
                {
                    GradientMethod.Reversible(),
                    GradientMethod.Discrete(),
                    GradientMethod.Discrete(Checkpointing.Revolve(3)),
                })
            {
                SampleGradient actual = sampler.Gradient(SmallNet.Start(), z, SmallNet.Loss, method, noise);
                // Unrolled carries one word of its states, the others two.
                Near.Equal(expected.Sample, actual.Sample, 1e-13);
                Near.Equal(expected.StartNoise, actual.StartNoise, 1e-10);
                Near.Equal(expected.Condition!, actual.Condition!, 1e-10);
                Assert.All(expected.Parameters.Zip(actual.Parameters), pair => Near.Equal(pair.First, pair.Second, 1e-10));
            }
        }
    }
}
