using Costate.Faces.Reports;

namespace Costate.Experiments.Reversibility;

/// <summary>The study of reversibility as JSON.</summary>
internal static class ReversibilityReport
{
    internal static string Text(ReversibilityResults results, int threads, double seconds, IReadOnlyList<string> files) =>
        JsonReport.Text(new
        {
            Study = "reversibility",
            ToolVersion.Version,
            Threads = threads,
            Seconds = Math.Round(seconds, 3),
            results.Steps,
            Definitions = new
            {
                Data = "mean squared error of x0 after inversion and decoding, states in two words of 64 bits, "
                    + "compared before the sample is rounded to 32 bits",
                DataInDouble = "the same with states carried in one word of 64 bits",
                DataInSingle = "the same with states carried in 32 bits",
                Noise = "mean squared error of the start noise recovered from the sample alone, states in two words of 64 bits",
                Gradient = "relative error of dL/dx_T against the continuous problem, float64",
                Order = "relative error of the sample against the continuous problem, float64",
            },
            Inversion = results.Problems.Select(problem => new
            {
                problem.Id,
                Problem = problem.Remark,
                Schedule = problem.Schedule.ToString(),
                Grid = "uniform-log-snr",
                Prediction = problem.Prediction.ToString().ToLowerInvariant(),
                Methods = results.Inversions.Where(m => m.Problem == problem.Id).GroupBy(m => m.Method).Select(method => new
                {
                    method.Key.Id,
                    method.Key.Label,
                    Solver = method.Key.Solver.Name,
                    Points = method.Select(m => new { m.Steps, m.Data, m.DataInDouble, m.DataInSingle, m.Noise }),
                }),
            }),
            Published = new
            {
                Problem = "latents of Stable Diffusion 1.5",
                PublishedInversion.Steps,
                Methods = PublishedInversion.All.Select(p => new { p.Label, Data = p.Errors }),
            },
            Gradient = Curves(results.Gradients),
            Order = Curves(results.Orders),
            Files = files,
        });

    private static object Curves(IReadOnlyList<AccuracyPoint> points) => points.GroupBy(p => p.Curve).Select(curve => new
    {
        curve.Key.Id,
        curve.Key.Label,
        Solver = curve.Key.Solver.Name,
        Points = curve.Select(p => new { p.Steps, NetworkEvaluations = p.Evaluations, p.Error }),
    });
}
