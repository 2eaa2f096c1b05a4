using Costate.Experiments.Mixtures;
using Costate.Faces.Reports;

namespace Costate.Experiments.Gradients;

/// <summary>The study as JSON.</summary>
internal static class GradientStudyReport
{
    internal static string Text(
        IReadOnlyList<GradientMeasurement> measurements,
        IReadOnlyList<LookaheadPoint> lookaheads,
        IReadOnlyList<int> steps,
        int threads,
        double seconds,
        IReadOnlyList<string> files)
    {
        MixtureReference reference = MixtureReference.Compute();
        return JsonReport.Text(new
        {
            Study = "gradient",
            ToolVersion.Version,
            Problem = new
            {
                Data = "sum_k w_k N(mean_k + z, s^2 I)",
                MixtureProblem.Means,
                MixtureProblem.Weights,
                MixtureProblem.Deviation,
                Loss = "|x - target|^2 + sin(2 x_1)",
                MixtureProblem.Target,
                StartNoise = MixtureProblem.StartState,
                Condition = MixtureProblem.ConditionValue,
                Schedule = NoiseSchedule.VpLinear(MixtureProblem.Beta0, MixtureProblem.Beta1).ToString(),
                Grid = "uniform-log-snr",
                MixtureProblem.GridStart,
                MixtureProblem.GridEnd,
                Dtype = "float64",
            },
            Reference = new
            {
                Method = $"Runge-Kutta of order 4 on the sensitivity equations, {MixtureReference.Steps} steps in the half log-SNR",
                reference.Sample,
                StartNoiseGradient = reference.StartGradient,
                ConditionGradient = reference.ConditionGradient,
            },
            Steps = steps,
            Threads = threads,
            Seconds = Math.Round(seconds, 3),
            Curves = GradientCurve.All.Select(curve => new
            {
                curve.Id,
                curve.Label,
                Solver = curve.Solver.Name,
                Comparison = curve.Comparison.ToString().ToLowerInvariant(),
                Points = measurements.Where(m => m.Curve == curve).Select(m => new
                {
                    m.Steps,
                    Method = curve.Method(m.Steps).ToString(),
                    m.StartNoiseError,
                    m.ConditionError,
                    m.Cost.NetworkEvaluations,
                    m.Cost.VectorJacobianProducts,
                    m.Cost.PeakStoredStates,
                    m.Cost.PeakStoredBytes,
                    Seconds = Math.Round(m.Seconds, 4),
                }),
            }),
            Lookahead = new
            {
                Problem = $"gradient with respect to the state on the way, {LookaheadStudy.Items} starts; n steps of DDIM to the data",
                Ideal = "the same through the exact flow",
                Points = lookaheads.Select(point => new { Steps = point.Lookahead, point.Time, point.Error, point.Cosine }),
            },
            Files = files,
        });
    }
}
