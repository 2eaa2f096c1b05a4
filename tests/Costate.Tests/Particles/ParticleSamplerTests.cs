using Costate.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class ParticleSamplerTests
{
    private static readonly double[] Matrix = [0.8, -0.5];
    private readonly CorrelatedMixture mixture = CorrelatedMixture.Small();

    public static TheoryData<string> Covariances => ["isotropic", "jacobian"];

    [Theory]
    [MemberData(nameof(Covariances))]
    public void Posterior_IsThatOfTheModel(string covariance)
    {
        // Two problems of 1000 particles; the truth by weighing 200000 exact samples of the model.
        using var scope = NewDisposeScope();
        CorrelatedMixture own = CorrelatedMixture.Small();
        Tensor y = tensor(new double[] { 1.2, -0.7 }, [2, 1]);
        Tensor exact = own.Draw(100000, 1e-3, 2), seen = exact.mm(tensor(Matrix, [1, 2]).t());
        ParticleSample sample = Sampler(own, 100).Sample(
            Start(2, 1000), null, Target(y, covariance == "jacobian" ? DataCovariance.FromJacobian() : DataCovariance.Isotropic(1.5)), 3);
        for (int problem = 0; problem < 2; problem++)
        {
            using Scalar observed = y[problem, 0].item<double>();
            Tensor logLikelihood = (-0.5 / 0.09 * (seen.select(1, 0) - observed).square()) - (0.5 * Math.Log(2 * Math.PI * 0.09));
            var truth = new ImportanceWeights(logLikelihood);
            ImportanceWeights weights = sample.Weights(problem);

            // The chain of 100 steps is not the model: log Z is some hundredths off, and a mean of 1000 resampled particles as well.
            Assert.InRange(sample.LogZ[problem] - truth.LogZ, -0.15, 0.15);
            Tensor difference = weights.Mean(sample.Sample[problem]) - truth.Mean(exact);
            Assert.InRange(difference.abs().max().ToDouble(), 0, 0.1);
            Assert.InRange(weights.EffectiveFraction, 0.3, 1);
        }

        Assert.Equal([2, 1000, 2], sample.Resampled().shape);
    }

    [LongProof]
    [Fact]
    public void Proposal_OfAnyPreset_HasTheSamePosterior()
    {
        using var scope = NewDisposeScope();
        Tensor y = tensor(new double[] { 1.2 }, [1, 1]);
        Tensor exact = mixture.Draw(100000, 1e-3, 2), seen = exact.mm(tensor(Matrix, [1, 2]).t());
        using Scalar observed = 1.2;
        var truth = new ImportanceWeights(-0.5 / 0.09 * (seen.select(1, 0) - observed).square());
        double logZ = truth.LogZ - (0.5 * Math.Log(2 * Math.PI * 0.09));
        var measurement = new Measurement(LinearOperator.FromMatrix(tensor(Matrix, [1, 2])), y, 0.3);
        GuidanceOptions dps = GuidancePreset.Dps() with { StateStrength = GuidanceStrength.Noise(0.2) };
        foreach (GuidanceOptions preset in new[] { GuidancePreset.Unguided(), dps })
        {
            using var inner = NewDisposeScope();
            ParticleTarget target = ParticleTarget.Posterior(measurement, DataCovariance.FromJacobian(), preset);
            ParticleSample whole = Sampler(mixture, 60).Sample(Start(1, 600), null, target, 3);
            Assert.InRange(whole.LogZ[0] - logZ, -0.15, 0.15);
            Tensor mean = whole.Weights(0).Mean(whole.Sample[0]);
            Assert.InRange((mean - truth.Mean(exact)).abs().max().ToDouble(), 0, 0.12);
            ParticleSample parts = Sampler(mixture, 60, new ParticleOptions { AtOnce = 250 }).Sample(Start(1, 600), null, target, 3);
            Assert.Equal(whole.LogZ[0], parts.LogZ[0], 1e-7);
        }
    }

    // A control: guidance of one particle each, of the same score, is far from the posterior's evidence and spread.
    [Fact]
    public void WithoutResamplingOrWeights_ItIsGuidanceAlone()
    {
        using var scope = NewDisposeScope();
        Tensor y = tensor(new double[] { 1.2 }, [1, 1]);
        Tensor exact = mixture.Draw(100000, 1e-3, 2), seen = exact.mm(tensor(Matrix, [1, 2]).t());
        using Scalar observed = 1.2;
        var truth = new ImportanceWeights(-0.5 / 0.09 * (seen.select(1, 0) - observed).square());
        ParticleSample sample = Sampler(mixture, 100, new ParticleOptions { Threshold = 0 }).Sample(
            Start(1, 1000), null, Target(y, DataCovariance.Isotropic(30)), 3);
        Assert.All(sample.Steps, step => Assert.Null(step.Ancestors[0]));
        Tensor guided = sample.Sample[0].mean([0L]), weighted = sample.Weights(0).Mean(sample.Sample[0]);
        double off = (guided - truth.Mean(exact)).abs().max().ToDouble();
        double left = (weighted - truth.Mean(exact)).abs().max().ToDouble();
        Assert.True(off > 0.05 && left < 0.5 * off, $"{off} before weighting, {left} after");
    }

    [Theory]
    [InlineData(RewardPotential.Difference)]
    [InlineData(RewardPotential.Max)]
    [InlineData(RewardPotential.Sum)]
    public void Steering_TiltsTheModel(RewardPotential potential)
    {
        // A reward that is linear in the data: p exp(r) has a known mean.
        using var scope = NewDisposeScope();
        Tensor exact = mixture.Draw(100000, 1e-3, 2);
        var truth = new ImportanceWeights(exact.select(1, 0));
        ParticleSample sample = Sampler(mixture, 60).Sample(
            Start(1, 2000), null, ParticleTarget.Reward(x => x.select(1, 0), 1, potential, potential == RewardPotential.Difference ? 1 : 20), 5);
        Tensor mean = sample.Weights(0).Mean(sample.Sample[0]);

        // Against a mean without steering that is 0.6 away.
        Assert.InRange((exact.mean([0L]) - truth.Mean(exact)).abs().max().ToDouble(), 0.5, 2);
        Assert.InRange((mean - truth.Mean(exact)).abs().max().ToDouble(), 0, 0.12);
        Assert.InRange(sample.LogZ[0] - truth.LogZ, -0.1, 0.1);
    }

    [Fact]
    public void Problem_DoesNotDependOnItsBatchOrTheChunks()
    {
        using var scope = NewDisposeScope();
        Tensor y = tensor(new double[] { 1.2, -0.7 }, [2, 1]);
        ulong[] seeds = [8, 9];
        Tensor start = ParticleSampler.DrawStart([2, 50, 2], seeds, ScalarType.Float64);
        ParticleSample both = Sampler(mixture, 10).Sample(start, null, Target(y), seeds);
        Tensor alone = ParticleSampler.DrawStart([1, 50, 2], NoiseSeeds.OfItems(9), ScalarType.Float64);
        ParticleSample one = Sampler(mixture, 10, new ParticleOptions { AtOnce = 7 })
            .Sample(alone, null, Target(y.narrow(0, 1, 1)), NoiseSeeds.OfItems(9));
        Near.Equal(both.Sample.narrow(0, 1, 1), one.Sample, 1e-10);
        Assert.Equal(both.LogZ[1], one.LogZ[0], 1e-9);
        Assert.Equal(both.Steps.Select(step => step.Ancestors[1]), one.Steps.Select(step => step.Ancestors[0]));

        // More particles begin as fewer do.
        Near.Equal(start.narrow(1, 0, 20), ParticleSampler.DrawStart([2, 20, 2], seeds, ScalarType.Float64), 0);
        Assert.Equal((10, 10), (both.Cost.NetworkEvaluations, both.Cost.VectorJacobianProducts));
        Assert.Equal(80, one.Cost.NetworkEvaluations);
    }

    [Fact]
    public void Genealogy_FollowsAncestors()
    {
        using var scope = NewDisposeScope();
        ParticleSample sample = Sampler(mixture, 10, new ParticleOptions { Threshold = 1 })
            .Sample(Start(1, 30), null, Target(tensor(new double[] { 1.2 }, [1, 1])), 2);
        IReadOnlyList<IReadOnlyList<long>> points = sample.Genealogy(0);
        Assert.Equal(11, points.Count);
        Assert.Equal(Enumerable.Range(0, 30).Select(i => (long)i), points[10]);
        Assert.All(sample.Steps, step => Assert.NotNull(step.Ancestors[0]));
        for (int k = 0; k < 10; k++)
        {
            Assert.Equal(points[k + 1].Select(i => sample.Steps[k].Ancestors[0]![(int)i]), points[k]);
        }

        Assert.True(points[0].Distinct().Count() < points[9].Distinct().Count());
    }

    [Fact]
    public void Conditions_GoWithTheirProblem()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        var sampler = new ParticleSampler(
            Denoiser.FromModule(net, Prediction.Noise), schedule, TimeGrid.UniformLogSnr(schedule, 5));
        Tensor z = SmallNet.Condition(2), start = StartNoise.Draw([2, 6, 3], 4, ScalarType.Float64);
        var measurement = new Measurement(LinearOperator.FromMatrix(ones(1, 3, ScalarType.Float64)), zeros(1, 1, ScalarType.Float64), 1);
        ParticleTarget target = ParticleTarget.Posterior(measurement);
        ulong[] seeds = [1, 2];
        ParticleSample both = sampler.Sample(start, z, target, seeds);
        ParticleSample one = sampler.Sample(start.narrow(0, 1, 1), z.narrow(0, 1, 1), target, NoiseSeeds.OfItems(2));
        Near.Equal(both.Sample.narrow(0, 1, 1), one.Sample, 1e-10);
    }

    [Fact]
    public void BadInput_IsRefusedByName()
    {
        using var scope = NewDisposeScope();
        Tensor y = tensor(new double[] { 1.2 }, [1, 1]);
        Refuses("at least 2 particles", () => Sampler(mixture, 4).Sample(Start(1, 1), null, Target(y)));
        Refuses("in [0, 1]", () => Sampler(mixture, 4, new ParticleOptions { Threshold = 2 }));
        Refuses("at least 1", () => Sampler(mixture, 4, new ParticleOptions { AtOnce = 0 }));
        Refuses("ends after time 0", () => _ = new ParticleSampler(mixture.Denoiser(), mixture.Schedule, TimeGrid.Uniform(4, 1, 0)));
        Refuses("positive", () => ParticleTarget.Posterior(new Measurement(LinearOperator.Identity(), y)));
        Refuses("no density that is known", () => ParticleTarget.Posterior(
            new Measurement(LinearOperator.Identity(), y, 1), proposal: GuidancePreset.FreeDom()));
        Refuses("[batch, particles, ...]", () => ParticleSampler.DrawStart([3, 2]));
        Refuses("finite and not 0", () => ParticleTarget.Reward(x => x.sum(1), 0));
        Refuses("tells them apart", () => Steer(x => x.sum(1) * 0));
        Refuses("NaN at step 0", () => Steer(x => (x.sum(1) * 0).log() - (x.sum(1) * 0).log()));
        Refuses("at least 1", () => ParticleTarget.Reward(x => x.sum(1), every: 0));
        Refuses("one number for each", () => Steer(x => x));
        LinearOperator own = LinearOperator.FromFunctions(x => x, x => x);
        Refuses("FromMatrix", () => Sampler(mixture, 4).Sample(
            Start(1, 4), null, ParticleTarget.Posterior(new Measurement(own, ones(1, 2, ScalarType.Float64), 1))));

        // A reward so far beyond doubles that its weights are no numbers, and a network that fails for one problem.
        Assert.Contains("All weights vanish before step 1 (time 0.722333) for problem 0", Assert.Throws<InvalidOperationException>(
            () => Steer(x => x.square().sum(1) * 1e200, -1e200)).Message);
        Assert.Contains("A weight is no number", Assert.Throws<InvalidOperationException>(
            () => Steer(x => x.square().sum(1) * 1e200, 1e200)).Message);
        var failing = Denoiser.FromFunction((x, t, z) => x / z!, Prediction.Noise);
        var sampler = new ParticleSampler(failing, mixture.Schedule, mixture.Grid(4));
        Tensor hole = stack([ones(2, ScalarType.Float64), zeros(2, ScalarType.Float64)]);
        Assert.Contains("particle 0 of problem 1", Assert.Throws<InvalidOperationException>(
            () => sampler.Sample(Start(2, 3), hole, Target(y))).Message);

        void Steer(Func<Tensor, Tensor> reward, double strength = 1) =>
            Sampler(mixture, 4).Sample(Start(1, 4), null, ParticleTarget.Reward(reward, strength));
    }

    private static void Refuses(string text, Action action) => Assert.Contains(text, Assert.Throws<InputException>(action).Message);

    private static Tensor Start(int batch, int particles) => ParticleSampler.DrawStart([batch, particles, 2], 7, ScalarType.Float64);

    private static ParticleTarget Target(Tensor y, DataCovariance? covariance = null) => ParticleTarget.Posterior(
        new Measurement(LinearOperator.FromMatrix(tensor(Matrix, [1, 2])), y, 0.3), covariance);

    private static ParticleSampler Sampler(CorrelatedMixture own, int steps, ParticleOptions? options = null) =>
        new(own.Denoiser(), own.Schedule, own.Grid(steps), options);
}
