using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>
/// A mixture of correlated Gaussians, whose diffused density and noise prediction are known at all times: at t component k is
/// N(alpha mu_k, alpha^2 S_k + sigma^2 I).
/// </summary>
internal sealed class CorrelatedMixture
{
    private readonly Tensor logWeights;
    private readonly Tensor means;
    private readonly Tensor axes;
    private readonly Tensor variances;

    /// <summary>In the caller's dispose scope.</summary>
    public CorrelatedMixture(double[] weights, double[][] means, double[][][] covariances)
    {
        (int components, Dimension) = (weights.Length, means[0].Length);
        logWeights = tensor([.. weights.Select(w => Math.Log(w))]);
        this.means = tensor(means.SelectMany(row => row).ToArray(), [components, Dimension]);
        Tensor all = tensor(covariances.SelectMany(rows => rows.SelectMany(row => row)).ToArray(), [components, Dimension, Dimension]);
        (variances, axes) = linalg.eigh(all);
    }

    public int Dimension { get; }

    public NoiseSchedule Schedule { get; } = NoiseSchedule.VpLinear(0.1, 20);

    /// <summary>Two overlapping components in the plane.</summary>
    public static CorrelatedMixture Small() => new(
        [0.6, 0.4], [[1, -0.5], [-1, 0.8]], [[[0.3, 0.1], [0.1, 0.2]], [[0.15, -0.05], [-0.05, 0.4]]]);

    public static CorrelatedMixture Of(JsonElement json) => new(
        json.GetProperty("weights").Deserialize<double[]>()!,
        json.GetProperty("means").Deserialize<double[][]>()!,
        json.GetProperty("covariances").Deserialize<double[][][]>()!);

    public TimeGrid Grid(int steps) => TimeGrid.UniformLogSnr(Schedule, steps, 1, 1e-3);

    public Sampler Sampler(Solver solver, int steps) => new(Denoiser(), Schedule, solver, Grid(steps));

    public Denoiser Denoiser(Prediction prediction = Prediction.Noise) => Costate.Denoiser.FromFunction(
        (Tensor x, Tensor t, Tensor? z) => Predict(x, t[0].ToDouble(), prediction), prediction);

    /// <summary>The start that the diffused mixture is at time 1.</summary>
    public StartDensity Start => StartDensity.FromFunction(x => LogDensity(x, 1));

    /// <summary>Exact samples of the diffused mixture.</summary>
    public Tensor Draw(int count, double time, ulong seed)
    {
        (double alpha, double sigma) = (Schedule.Alpha(time), Schedule.Sigma(time));
        Tensor normal = StartNoise.Draw([count, Dimension], seed, ScalarType.Float64);
        double[] uniform = [.. Enumerable.Range(0, count).Select(i => ImportanceWeights.Uniform(seed, 0, (uint)i))];
        double[] reached = [.. logWeights.exp().cumsum(0).data<double>()];
        Tensor chosen = tensor([.. uniform.Select(u => (long)Math.Min(reached.Count(r => r <= u), reached.Length - 1))]);
        Tensor scaled = normal * Variances(alpha, sigma).index_select(0, chosen).sqrt();
        return (alpha * means.index_select(0, chosen))
            + axes.index_select(0, chosen).matmul(scaled.unsqueeze(2)).squeeze(2);
    }

    /// <summary>log p_t, [batch], with autograd.</summary>
    public Tensor LogDensity(Tensor x, double time)
    {
        (double alpha, double sigma) = (Schedule.Alpha(time), Schedule.Sigma(time));
        return Parts(x, alpha, sigma).Logits.logsumexp(1);
    }

    public Tensor Predict(Tensor x, double time, Prediction prediction)
    {
        (double alpha, double sigma) = (Schedule.Alpha(time), Schedule.Sigma(time));
        (Tensor logits, Tensor along) = Parts(x, alpha, sigma);

        // The score, by which x0 = (x + sigma^2 score)/alpha and eps = -sigma score.
        Tensor back = axes.unsqueeze(0).matmul((along / Variances(alpha, sigma)).unsqueeze(3)).squeeze(3);
        Tensor score = -(logits.softmax(1).unsqueeze(2) * back).sum([1L]);
        return prediction == Prediction.Noise ? -sigma * score : (x + (sigma * sigma * score)) / alpha;
    }

    private Tensor Variances(double alpha, double sigma) => (alpha * alpha * variances) + (sigma * sigma);

    // Of each component its share in the density, and the difference from its mean along its axes.
    private (Tensor Logits, Tensor Along) Parts(Tensor x, double alpha, double sigma)
    {
        Tensor difference = x.unsqueeze(1) - (alpha * means);
        Tensor along = axes.transpose(1, 2).unsqueeze(0).matmul(difference.unsqueeze(3)).squeeze(3);
        Tensor variance = Variances(alpha, sigma);
        Tensor logits = logWeights - (0.5 * ((along.square() / variance).sum([2L]) + variance.log().sum([1L])))
            - (0.5 * Dimension * Math.Log(2 * Math.PI));
        return (logits, along);
    }
}
