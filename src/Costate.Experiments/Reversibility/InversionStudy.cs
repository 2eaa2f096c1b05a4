using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Reversibility;

/// <summary>One point of the study: a method on a problem. Errors are means of squares.</summary>
/// <param name="Problem">Which problem.</param>
/// <param name="Method">Which method.</param>
/// <param name="Steps">Number of steps.</param>
/// <param name="Data">Of x0 after inversion and decoding, compared in 64 bits before the sample is rounded to the network's 32.</param>
/// <param name="DataInDouble">The same with states carried in one word of 64 bits rather than two.</param>
/// <param name="DataInSingle">The same with states carried in 32 bits.</param>
/// <param name="Noise">Of the start noise after sampling and inversion of the sample alone, in 64 bits.</param>
internal sealed record InversionMeasurement(
    string Problem,
    InversionMethod Method,
    int Steps,
    double Data,
    double DataInDouble,
    double DataInSingle,
    double Noise);

/// <summary>Measures how exactly samplers can be inverted.</summary>
internal static class InversionStudy
{
    private const ulong PathSeed = 5;

    // Inversion and decoding in three precisions; sampling and inversion.
    private const int RunsPerPoint = 8;

    internal static IReadOnlyList<int> AllSteps { get; } = [10, 20, 50];

    internal static IReadOnlyList<int> QuickSteps { get; } = [10, 20];

    /// <summary>Network evaluations of the whole, each weighed by its time.</summary>
    internal static double Work(InversionProblem problem, IReadOnlyList<int> steps) =>
        steps.Sum(n => InversionMethod.All.Sum(m => (double)n * m.EvaluationsPerStep * RunsPerPoint)) * problem.Work;

    /// <summary>Runs every method at every number of steps.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="steps">Numbers of steps.</param>
    /// <param name="worked">Told the work done with each evaluation.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    internal static IReadOnlyList<InversionMeasurement> Run(
        InversionProblem problem,
        IReadOnlyList<int> steps,
        Action<double> worked,
        CancellationToken cancellationToken)
    {
        var progress = new EachEvaluation(() => worked(problem.Work));
        return [.. InversionMethod.All.SelectMany(method => steps.Select(n => Measure(problem, method, n, progress, cancellationToken)))];
    }

    private static InversionMeasurement Measure(
        InversionProblem problem,
        InversionMethod method,
        int steps,
        IProgress<StepProgress> progress,
        CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        var plain = new InNetworkPrecision(method.Solver);
        (Tensor back, Tensor recovered) = (RoundTrip(method.Solver, ScalarType.Float64), Recover());
        (Tensor wide, Tensor narrow) = (RoundTrip(plain, ScalarType.Float64), RoundTrip(plain, ScalarType.Float32));
        return new InversionMeasurement(
            problem.Id,
            method,
            steps,
            MeanSquare(back, problem.Data),
            MeanSquare(wide, problem.Data),
            MeanSquare(narrow, problem.Data),
            MeanSquare(recovered, problem.Noise));

        Tensor RoundTrip(Solver solver, ScalarType dtype)
        {
            Sampler sampler = SamplerOf(solver);
            Tensor? z = problem.Condition?.to(dtype);
            BrownianPath path = BrownianPath.PerStep(PathSeed);
            NoiseState state = sampler.Invert(problem.Data.to(dtype), z, path, progress, cancellationToken);
            return sampler.Sample(state, z, path, progress, cancellationToken);
        }

        Tensor Recover()
        {
            Sampler sampler = SamplerOf(method.Solver);
            BrownianPath path = BrownianPath.PerStep(PathSeed);
            Tensor sample = sampler.Sample(problem.Noise, problem.Condition, path, progress, cancellationToken);
            return sampler.Invert(sample, problem.Condition, path, progress, cancellationToken).Start;
        }

        Sampler SamplerOf(Solver solver) => new(problem.Denoiser, problem.Schedule, solver, problem.Grid(steps));
    }

    private static double MeanSquare(Tensor got, Tensor expected) => (got.to(ScalarType.Float64) - expected).square().mean().item<double>();

    private sealed class EachEvaluation(Action done) : IProgress<StepProgress>
    {
        public void Report(StepProgress value) => done();
    }
}
