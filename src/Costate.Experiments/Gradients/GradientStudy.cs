using System.Diagnostics;
using Costate.Experiments.Mixtures;
using Costate.Faces;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Gradients;

/// <summary>Measures how far gradients are from that of the continuous problem, and what they cost.</summary>
internal static class GradientStudy
{
    /// <summary>Steps of the full study.</summary>
    internal static IReadOnlyList<int> AllSteps { get; } = [10, 20, 40, 80, 160, 320, 640];

    /// <summary>Steps of a quick look.</summary>
    internal static IReadOnlyList<int> QuickSteps { get; } = [10, 20, 40, 80];

    /// <summary>Runs every curve at every number of steps.</summary>
    /// <param name="steps">Numbers of steps, rising.</param>
    /// <param name="progress">Told the fraction done.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    internal static IReadOnlyList<GradientMeasurement> Run(
        IReadOnlyList<int> steps,
        Action<double> progress,
        CancellationToken cancellationToken)
    {
        using var problem = new MixtureProblem();
        MixtureReference reference = MixtureReference.Compute();
        double total = steps.Sum(n => GradientCurve.All.Sum(c => Work(c, n)));
        double done = 0;
        var measurements = new List<GradientMeasurement>();
        foreach (GradientCurve curve in GradientCurve.All)
        {
            foreach (int n in steps)
            {
                double before = done;
                var inner = new SynchronousProgress(p => progress((before + (RunShare.Of(p, hasGradient: true) * Work(curve, n))) / total));
                measurements.Add(Measure(problem, reference, curve, n, inner, cancellationToken));
                done += Work(curve, n);
            }
        }

        return measurements;
    }

    private static GradientMeasurement Measure(
        MixtureProblem problem,
        MixtureReference reference,
        GradientCurve curve,
        int steps,
        IProgress<StepProgress> progress,
        CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        long began = Stopwatch.GetTimestamp();
        var sampler = new Sampler(problem.Denoiser, problem.Schedule, curve.Solver, problem.Grid(steps));
        SampleGradient gradient = sampler.Gradient(
            problem.Start,
            problem.Condition,
            problem.Loss,
            curve.Method(steps),
            progress: progress,
            cancellationToken: cancellationToken);
        return new GradientMeasurement(
            curve,
            steps,
            RelativeError(gradient.StartNoise, reference.StartGradient),
            RelativeError(gradient.Condition!, reference.ConditionGradient),
            gradient.Cost,
            Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    private static double RelativeError(Tensor got, double[] expected)
    {
        double[] values = [.. got.data<double>()];
        double difference = Math.Sqrt(values.Zip(expected, (a, b) => (a - b) * (a - b)).Sum());
        return difference / Math.Sqrt(expected.Sum(b => b * b));
    }

    // A vector-Jacobian product takes about three times as long as an evaluation without a graph.
    private static double Work(GradientCurve curve, int steps) => steps * (1 + (3 * curve.BackwardShare));

    private sealed class SynchronousProgress(Action<StepProgress> report) : IProgress<StepProgress>
    {
        public void Report(StepProgress value) => report(value);
    }
}
