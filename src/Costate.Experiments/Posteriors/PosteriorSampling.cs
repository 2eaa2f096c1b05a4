using Costate.Experiments.Mixtures;
using static TorchSharp.torch;

namespace Costate.Experiments.Posteriors;

/// <summary>A way to draw samples of a posterior.</summary>
/// <param name="Name">For people and files.</param>
/// <param name="Particles">Of each run; 1 for a way without weights.</param>
/// <param name="Strength">Of guidance; null for a way that has none to choose.</param>
/// <param name="Draw">So many samples of a problem in so many steps, and the error of log Z of each run of particles.</param>
internal sealed record PosteriorSampling(
    string Name, int Particles, double? Strength, Func<PosteriorProblem, int, int, (Tensor Sample, IReadOnlyList<double> LogZ)> Draw)
{
    private static readonly double[] Strengths = [0.1, 0.3, 1];

    /// <summary>Of particles there are as many runs as make up all samples.</summary>
    internal static IReadOnlyList<PosteriorSampling> All { get; } =
    [
        Of("exact score", (problem, count, steps) =>
            new Sampler(problem.Posterior.Denoiser, GaussianMixture.Schedule, Solver.Ddpm(), GaussianMixture.Grid(steps))
                .Sample(Noise(problem, count), null, BrownianPath.PerStep(problem.Seed))),
        Guided("unguided", null, GuidancePreset.Unguided() with { Eta = 1 }),
        .. from strength in Strengths
           from preset in (PosteriorSampling[])
           [
               Guided("DPS", strength, GuidancePreset.Dps(strength)),
               Guided("LGD-MC", strength, GuidancePreset.LgdMc(strength)),
               Guided("FreeDoM", strength, GuidancePreset.FreeDom(strength, repeats: 2)),
               Guided("MPGD", strength, GuidancePreset.Mpgd(strength)),
               Guided("universal", strength, GuidancePreset.Universal(strength, repeats: 2)),
               Guided("TFG", strength, GuidancePreset.Tfg(strength, strength / 3)),
               Guided("FlowChef", strength, GuidancePreset.FlowChef(strength)),
           ]
           select preset,
        Closed("PiGDM", problem => PosteriorMethod.PiGdm(DataCovariance.Isotropic(problem.DataVariance))),
        Closed("TMPD", _ => PosteriorMethod.Tmpd()),
        Closed("DDNM", _ => PosteriorMethod.Ddnm(1)),
        Closed("DDNM+", _ => PosteriorMethod.DdnmPlus()),
        Closed("DiffPIR", _ => PosteriorMethod.DiffPir(0.5)),
        Closed("FlowDPS", _ => PosteriorMethod.FlowDps(0.3)),
        Annealed("DAPS", steps => AnnealedMethod.Daps(steps)),
        Annealed("PnP-DM", steps => AnnealedMethod.PnpDm(steps: Math.Max(2, steps / 5))),
        Annealed("PnP-Flow", steps => AnnealedMethod.PnpFlow(0.3, steps)),
        .. from particles in (int[])[4, 16, 64, 250, 1000] select Twisted("TDS, covariance", particles, _ => DataCovariance.FromJacobian()),
        Twisted("TDS, data variance", 1000, problem => DataCovariance.Isotropic(problem.DataVariance)),
        Twisted("TDS, variance 1", 1000, _ => DataCovariance.Isotropic()),
        Particled("FK steering", 1000, problem => ParticleTarget.Reward(x => LogLikelihood(problem.Measurement, x))),
    ];

    private static PosteriorSampling Of(string name, Func<PosteriorProblem, int, int, Tensor> draw) =>
        new(name, 1, null, (problem, count, steps) => (draw(problem, count, steps), []));

    private static PosteriorSampling Guided(string name, double? strength, GuidanceOptions options) =>
        Of(name, (problem, count, steps) =>
            new GuidedSampler(problem.Prior.Denoiser, GaussianMixture.Schedule, GaussianMixture.Grid(steps), options)
                .Sample(Noise(problem, count), null, problem.Measurement.Norm, problem.Seed).Sample) with
        {
            Strength = strength,
        };

    private static PosteriorSampling Closed(string name, Func<PosteriorProblem, PosteriorMethod> method) => Of(
        name,
        (problem, count, steps) =>
            new PosteriorSampler(
                problem.Prior.Denoiser, GaussianMixture.Schedule, GaussianMixture.Grid(steps), method(problem))
                .Sample(Noise(problem, count), null, problem.Measurement, problem.Seed).Sample);

    private static PosteriorSampling Annealed(string name, Func<int, AnnealedMethod> method) => Of(name, (problem, count, steps) =>
        new AnnealedSampler(problem.Prior.Denoiser, GaussianMixture.Schedule, method(steps))
            .Sample(Noise(problem, count), null, problem.Measurement, problem.Seed).Sample);

    private static PosteriorSampling Twisted(string name, int particles, Func<PosteriorProblem, DataCovariance> covariance) =>
        Particled(name, particles, problem => ParticleTarget.Posterior(problem.Measurement, covariance(problem)));

    private static PosteriorSampling Particled(string name, int particles, Func<PosteriorProblem, ParticleTarget> target) =>
        new(name, particles, null, (problem, count, steps) =>
        {
            int each = Math.Min(particles, count), runs = count / each;
            Tensor start = ParticleSampler.DrawStart([runs, each, problem.Prior.Dimension], problem.Seed, ScalarType.Float64);
            ParticleSample sample = new ParticleSampler(
                    problem.Prior.Denoiser, GaussianMixture.Schedule, GaussianMixture.Grid(steps))
                .Sample(start, null, target(problem), problem.Seed);
            return (
                sample.Resampled(problem.Seed).reshape(-1, problem.Prior.Dimension),
                [.. sample.LogZ.Select(found => found - problem.LogEvidence)]);
        });

    private static Tensor Noise(PosteriorProblem problem, int count) =>
        StartNoise.Draw([count, problem.Prior.Dimension], problem.Seed + 500, ScalarType.Float64);

    private static Tensor LogLikelihood(Measurement measurement, Tensor x)
    {
        Tensor square = measurement.Norm(x).square();
        double variance = measurement.NoiseLevel * measurement.NoiseLevel;
        return -0.5 * ((square / variance) + (measurement.Observation.shape[1] * Math.Log(2 * Math.PI * variance)));
    }
}
