using Costate.Experiments.Evaluation;
using Costate.Experiments.Mixtures;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Densities;

/// <summary>
/// Measures what a sampler's own density is worth: weights of samples of mixtures whose density is known, solver by solver, and the
/// likelihood of data.
/// </summary>
internal sealed class DensityStudy(bool quick)
{
    private const int Components = 3;
    private const ulong MixtureSeed = 11;
    private const int Data = 500;
    private const int Probes = 8;

    internal static IReadOnlyList<(string Label, Solver Solver)> Solvers { get; } =
    [
        ("DDIM", Solver.Ddim()),
        ("DPM-Solver++2M", Solver.DpmSolverPlusPlus()),
        ("UniPC-3", Solver.UniPc(3)),
        ("exponential RK4", Solver.ExponentialRungeKutta(ButcherTableau.Rk4)),
        ("Rex(Euler)", Solver.Rex(ButcherTableau.Euler)),
        ("Rex(RK4)", Solver.Rex(ButcherTableau.Rk4)),
    ];

    internal IReadOnlyList<int> Dimensions => quick ? [2] : [2, 6];

    internal IReadOnlyList<int> Steps => quick ? [10, 20] : [10, 20, 40];

    internal int Samples => quick ? 200 : 2000;

    /// <summary>Weights of samples, of each solver.</summary>
    internal IReadOnlyList<PlannedMeasurement<DensityPoint>> Weights() =>
    [
        .. from dimension in Dimensions
           from solver in Solvers
           from steps in Steps
           select new PlannedMeasurement<DensityPoint>(
               FormattableString.Invariant($"weights {dimension} {solver.Label} {steps}"),
               dimension * dimension * steps * Evaluations(solver.Solver),
               _ => Weigh(dimension, solver, steps)),
    ];

    /// <summary>Weights of whole paths, which take no gradient.</summary>
    internal IReadOnlyList<PlannedMeasurement<DensityPoint>> Paths() =>
    [
        .. from steps in (int[])(quick ? [40] : [40, 160])
           from large in (bool[])[false, true]
           let label = large ? "DDPM, large variance" : "DDPM, posterior's variance"
           select new PlannedMeasurement<DensityPoint>(
               FormattableString.Invariant($"paths {label} {steps}"), steps, _ => WeighPaths(label, large, steps)),
    ];

    /// <summary>The likelihood of data.</summary>
    internal IReadOnlyList<PlannedMeasurement<LikelihoodPoint>> Likelihoods() =>
    [
        .. from solver in Solvers
           where !solver.Solver.IsReversible
           from steps in (int[])(quick ? [20] : [20, 40])
           select new PlannedMeasurement<LikelihoodPoint>(
               FormattableString.Invariant($"likelihood {solver.Label} {steps}"),
               8 * steps * Evaluations(solver.Solver),
               _ => Likelihood(solver, steps)),
    ];

    // Of a step, and its vector-Jacobian products with them.
    private static double Evaluations(Solver solver) => solver.Name.Contains("4", StringComparison.Ordinal) ? 4 : 1;

    private static GaussianMixture Mixture(int dimension) => GaussianMixture.Random(Components, dimension, MixtureSeed);

    private DensityPoint Weigh(int dimension, (string Label, Solver Solver) solver, int steps)
    {
        using DisposeScope scope = NewDisposeScope();
        GaussianMixture mixture = Mixture(dimension);
        DensitySample sample = new Sampler(mixture.Denoiser, GaussianMixture.Schedule, solver.Solver, GaussianMixture.Grid(steps))
            .LogDensity(mixture.Draw(Samples, 1, 1), null, mixture.Start);
        NoiseSchedule schedule = GaussianMixture.Schedule;
        double ofPair = (steps * dimension * Math.Log(0.999))
            + (2 * dimension * Math.Log(schedule.Sigma(1e-3) / schedule.Sigma(1)));
        return DensityPoint.Of(dimension, solver.Label, steps, Of(mixture, sample.Sample, sample.LogDensity)) with
        {
            Folds = sample.Folded.Count,
            PairError = solver.Solver.IsReversible ? (sample.LogDeterminant - ofPair).abs().mean().item<double>() : null,
        };
    }

    private DensityPoint WeighPaths(string label, bool large, int steps)
    {
        using DisposeScope scope = NewDisposeScope();
        GaussianMixture mixture = Mixture(2);
        PathSample sample = new Sampler(
                mixture.Denoiser, GaussianMixture.Schedule, Solver.Ddpm(largeVariance: large), GaussianMixture.Grid(steps))
            .LogPathDensity(mixture.Draw(Samples, 1, 1), null, BrownianPath.PerStep(3), mixture.Start);
        return DensityPoint.Of(2, label, steps, Of(mixture, sample.Sample, sample.LogDensity));
    }

    private LikelihoodPoint Likelihood((string Label, Solver Solver) solver, int steps)
    {
        using DisposeScope scope = NewDisposeScope();
        GaussianMixture mixture = Mixture(2);
        Tensor data = mixture.Draw(quick ? Data / 10 : Data, 1e-3, 2), truth = mixture.LogDensity(data, 1e-3);
        var sampler = new Sampler(mixture.Denoiser, GaussianMixture.Schedule, solver.Solver, GaussianMixture.Grid(steps));
        DataLikelihood probed = Of(new LikelihoodOptions { Probes = Probes, Seed = 4 });
        return new LikelihoodPoint(
            2,
            solver.Label,
            steps,
            Error(Of(new LikelihoodOptions())),
            Error(Of(new LikelihoodOptions { Way = LikelihoodWay.Jacobian })),
            Error(probed),
            probed.StandardError.mean().item<double>());

        DataLikelihood Of(LikelihoodOptions options) => sampler.LogLikelihood(data, null, mixture.Start, options);

        double Error(DataLikelihood found) => (found.LogDensity - truth).square().mean().sqrt().item<double>();
    }

    private static ImportanceWeights Of(GaussianMixture mixture, Tensor sample, Tensor logDensity) =>
        new(mixture.LogDensity(sample, 1e-3) - logDensity);
}
