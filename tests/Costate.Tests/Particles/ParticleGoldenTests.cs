using System.Text.Json;
using Costate.Testing;
using static Costate.Tests.GoldenNumbers;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Steps and whole runs of particle filters against those of other programs.</summary>
public sealed class ParticleGoldenTests
{
    public static TheoryData<string> Files =>
    [
        .. Directory.GetFiles(Goldens.PathTo("posteriors"), "particle-filters*.json")
            .Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Files))]
    public void Steps_AreTheReferences(string file)
    {
        using var scope = NewDisposeScope();
        using JsonDocument json = Read(file);
        foreach (JsonElement step in json.RootElement.GetProperty("steps").EnumerateArray())
        {
            using var inner = NewDisposeScope();
            CorrelatedMixture mixture = CorrelatedMixture.Of(step);
            (double t, double next) = (step.Number("t"), step.Number("next"));
            TimeGrid grid = TimeGrid.FromTimes(step.GetProperty("last").GetBoolean() ? [t, next] : [t, next, next / 2]);
            (Sampler sampler, GuidedStep[] steps) = PosteriorSampler.Prepared(mixture.Denoiser(), mixture.Schedule, grid, 1);
            Tensor x = step.Numbers("x");
            int particles = (int)x.shape[0];

            // In one call of the network, and in three.
            foreach (int atOnce in new[] { particles, (particles / 3) + 1 })
            {
                var batch = new ParticleBatch(sampler.Checked(x, null, null, null, default), steps, particles, atOnce);
                var covariance = DataCovariance.Isotropic(step.Number("data_variance"));
                Measurement measurement = Of(step);
                DataEstimate estimate = batch.Estimate(0, x, measurement, covariance);
                AreWithin(step.Numbers("data_prediction"), estimate.Data, 1e-10);
                AreWithin(step.Numbers("twist_gradient"), estimate.Score, 1e-10);
                using ParticleWeighing weighing = ParticleTarget.Posterior(measurement, covariance).Begin(batch);
                AreWithin(step.Numbers("log_twist"), weighing.Start(x), 1e-10);
                (Tensor moved, Tensor increments) = weighing.Advance(0, x, step.Numbers("normals"));
                AreWithin(step.Numbers("next_x"), moved, 1e-10);
                AreWithin(step.Numbers("increments"), increments, 1e-10);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Runs_AreTheReferences(string file)
    {
        using var scope = NewDisposeScope();
        using JsonDocument json = Read(file);
        foreach (JsonElement run in json.RootElement.GetProperty("runs").EnumerateArray())
        {
            using var inner = NewDisposeScope();
            CorrelatedMixture mixture = CorrelatedMixture.Of(run);
            Tensor normals = run.Numbers("normals"), uniforms = run.Numbers("uniforms");
            var sampler = new ParticleSampler(
                mixture.Denoiser(),
                mixture.Schedule,
                mixture.Grid(run.GetProperty("steps").GetInt32()),
                new ParticleOptions { Threshold = run.Number("threshold") });
            ParticleSample sample = sampler.Sample(
                run.Numbers("x_T").unsqueeze(0),
                null,
                ParticleTarget.Posterior(Of(run), DataCovariance.Isotropic(run.Number("data_variance"))),
                (step, _) => normals[step].alias(),
                (step, _) => uniforms[step].item<double>());
            AreWithin(run.Numbers("x_0"), sample.Sample[0], 1e-9);
            AreWithin(run.Numbers("final_log_weights"), sample.LogWeights[0], 1e-9);
            Assert.Equal(run.Number("log_z"), sample.LogZ[0], 1e-9);
            foreach ((JsonElement expected, ParticleStep actual) in run.GetProperty("trace").EnumerateArray().Zip(sample.Steps))
            {
                Assert.Equal(expected.Number("ess_before"), actual.EffectiveFraction[0] * sample.Sample.shape[1], 1e-7);
                Assert.Equal(expected.GetProperty("ancestors").Deserialize<long[]?>(), actual.Ancestors[0]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Steering_IsTheReferences(string file)
    {
        using var scope = NewDisposeScope();
        using JsonDocument json = Read(file);
        foreach (JsonElement run in json.RootElement.GetProperty("fk").EnumerateArray())
        {
            RewardPotential kind = run.GetProperty("kind").GetString() switch
            {
                "diff" => RewardPotential.Difference,
                "max" => RewardPotential.Max,
                _ => RewardPotential.Sum,
            };
            double[][] rewards = run.GetProperty("rewards").Deserialize<double[][]>()!;
            double[] uniforms = run.GetProperty("uniforms").Deserialize<double[]>()!;
            var potential = new LineagePotential(run.Number("strength"), kind, rewards.Length);
            potential.Begin(rewards[0].Length);
            Assert.Equal(0, run.Number("start_reward"));
            foreach ((int k, JsonElement step) in run.GetProperty("trace").EnumerateArray().Index())
            {
                double[] logarithms = potential.Next(rewards[k]);
                AreWithin(step.Numbers("log_potentials"), tensor(logarithms), 1e-12);
                var weights = new ImportanceWeights(tensor(logarithms));
                AreWithin(step.Numbers("weights"), tensor([.. weights.Normalized]), 1e-12);
                long[] ancestors = weights.Systematic(rewards[k].Length, uniforms[k]);
                Assert.Equal(step.GetProperty("ancestors").Deserialize<long[]>(), ancestors);
                potential.Select(ancestors);
            }
        }
    }

    private static Measurement Of(JsonElement problem) => new(
        LinearOperator.FromMatrix(problem.Numbers("A")), problem.Numbers("y").unsqueeze(0), problem.Number("noise"));

    private static JsonDocument Read(string file) => JsonDocument.Parse(File.ReadAllText(Goldens.PathTo("posteriors", file)));
}
