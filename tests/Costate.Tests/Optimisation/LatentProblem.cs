using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>What the tests of latent optimisation share: the mixture in 64 bits, a short run, and options for each optimiser.</summary>
internal static class LatentProblem
{
    public const int Steps = 6;
    public const double Rate = 0.05;

    public static readonly Mixture Problem = Mixture.Load();

    public static TimeGrid Grid() => TimeGrid.UniformLogSnr(Problem.Schedule, Steps, 1, 0.01);

    public static Sampler NewSampler() => new(Problem.Denoiser(), Problem.Schedule, Solver.DpmSolverPlusPlus(2), Grid());

    public static Tensor Starts(int batch) => StartNoise.Draw([batch, 2], 31, ScalarType.Float64);

    public static Tensor Conditions(int batch) =>
        Problem.ConditionTensor(batch) + StartNoise.Draw([batch, 2], 32, ScalarType.Float64).mul(0.1);

    public static LatentOptimisationOptions Options(string optimiser, int iterations) => new()
    {
        Iterations = iterations,
        StartNoiseRate = Rate,
        ConditionRate = 2 * Rate,
        Optimiser = optimiser switch
        {
            "descent" => LatentOptimiser.GradientDescent(),
            "momentum" => LatentOptimiser.GradientDescent(0.9, 0.1),
            "adam" => LatentOptimiser.Adam(),
            _ => LatentOptimiser.LimitedMemoryBfgs(5),
        },
    };

    public static LatentOptimisation Optimise(Sampler sampler, string optimiser, int iterations, OptimisationTargets targets) =>
        new(sampler, Problem.Loss, Options(optimiser, iterations) with { Targets = targets });

    public sealed class Told(Action<OptimisationProgress> tell) : IProgress<OptimisationProgress>
    {
        public void Report(OptimisationProgress value) => tell(value);
    }
}
