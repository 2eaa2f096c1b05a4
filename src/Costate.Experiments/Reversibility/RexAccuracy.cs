using Costate.Experiments.Mixtures;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Reversibility;

/// <summary>A relative error at a number of steps.</summary>
/// <param name="Curve">Whose.</param>
/// <param name="Steps">Number of steps.</param>
/// <param name="Evaluations">Network evaluations of the whole.</param>
/// <param name="Error">In the Euclidean norm, relative to the continuous problem's answer.</param>
internal sealed record AccuracyPoint(RexCurve Curve, int Steps, long Evaluations, double Error);

/// <summary>Measures samples and gradients of Rex against those of the continuous mixture problem, in float64.</summary>
internal static class RexAccuracy
{
    // A vector-Jacobian product, with the evaluation that it needs, takes about as long as three evaluations.
    private const double GradientWork = 5;

    internal static IReadOnlyList<int> GradientSteps(bool quick) => Doublings(10, quick ? 40 : 320);

    internal static IReadOnlyList<int> OrderSteps(bool quick) => Doublings(10, quick ? 320 : 10240);

    internal static double GradientsWork(bool quick) =>
        GradientSteps(quick).Sum(n => RexCurve.Gradients.Sum(c => GradientWork * n * Evaluations(c)));

    internal static double OrdersWork(bool quick) => OrderSteps(quick).Sum(n => RexCurve.Orders.Sum(c => (double)n * Evaluations(c)));

    /// <summary>Relative error of dL/dx_T.</summary>
    internal static IReadOnlyList<AccuracyPoint> Gradients(bool quick, Action<double> worked, CancellationToken cancellationToken)
    {
        MixtureReference reference = MixtureReference.Compute();
        return Over(RexCurve.Gradients, GradientSteps(quick), worked, GradientWork, (problem, sampler, curve) =>
        {
            SampleGradient gradient = sampler.Gradient(
                problem.Start,
                problem.Condition,
                problem.Loss,
                curve.Method,
                cancellationToken: cancellationToken);
            return (RelativeError(gradient.StartNoise, reference.StartGradient), gradient.Cost.NetworkEvaluations);
        });
    }

    /// <summary>Relative error of the sample.</summary>
    internal static IReadOnlyList<AccuracyPoint> Orders(bool quick, Action<double> worked, CancellationToken cancellationToken)
    {
        MixtureReference reference = MixtureReference.Compute();
        return Over(RexCurve.Orders, OrderSteps(quick), worked, 1, (problem, sampler, _) =>
                (
                    RelativeError(sampler.Sample(problem.Start, problem.Condition, cancellationToken: cancellationToken), reference.Sample),
                    sampler.Table.EvaluatedRows.Count));
    }

    private static AccuracyPoint[] Over(
        IReadOnlyList<RexCurve> curves,
        IReadOnlyList<int> steps,
        Action<double> worked,
        double work,
        Func<MixtureProblem, Sampler, RexCurve, (double Error, long Evaluations)> measure)
    {
        using var problem = new MixtureProblem();
        var points = new List<AccuracyPoint>();
        foreach (RexCurve curve in curves)
        {
            foreach (int n in steps)
            {
                using DisposeScope scope = NewDisposeScope();
                (double error, long evaluations) = measure(
                    problem,
                    new Sampler(problem.Denoiser, problem.Schedule, curve.Solver, problem.Grid(n)),
                    curve);
                points.Add(new AccuracyPoint(curve, n, evaluations, error));
                worked(work * n * Evaluations(curve));
            }
        }

        return [.. points];
    }

    private static double Evaluations(RexCurve curve) =>
        curve.Id.Contains("rk4", StringComparison.Ordinal) ? 8
        : curve.Id.Contains("midpoint", StringComparison.Ordinal) ? 4
        : 2;

    private static double RelativeError(Tensor got, double[] expected)
    {
        double[] values = [.. got.data<double>()];
        double difference = Math.Sqrt(values.Zip(expected, (a, b) => (a - b) * (a - b)).Sum());
        return difference / Math.Sqrt(expected.Sum(b => b * b));
    }

    private static int[] Doublings(int first, int last) => [.. Enumerable.Range(0, 30).Select(i => first << i).TakeWhile(n => n <= last)];
}
