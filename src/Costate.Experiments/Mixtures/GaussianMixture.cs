using static TorchSharp.torch;

namespace Costate.Experiments.Mixtures;

/// <summary>
/// A mixture of correlated Gaussians, diffused by the linear schedule: at time t component k is
/// <c>N(alpha mu_k, alpha^2 S_k + sigma^2 I)</c>, so its density and the best prediction of noise are known.
/// </summary>
internal sealed class GaussianMixture
{
    private readonly Tensor logWeights;
    private readonly Tensor axes;
    private readonly Tensor variances;
    private readonly Tensor along;

    /// <summary>In the caller's dispose scope, in 64 bits.</summary>
    /// <param name="weights">[components], of sum 1.</param>
    /// <param name="means">[components, dimension].</param>
    /// <param name="covariances">[components, dimension, dimension], or [1, dimension, dimension] where all have the same.</param>
    internal GaussianMixture(Tensor weights, Tensor means, Tensor covariances)
    {
        logWeights = weights.log();
        Means = means;
        (variances, axes) = linalg.eigh(covariances);
        along = means.unsqueeze(1).matmul(axes).squeeze(1);
    }

    internal static NoiseSchedule Schedule { get; } = NoiseSchedule.VpLinear(0.1, 20);

    /// <summary>[components, dimension].</summary>
    internal Tensor Means { get; }

    internal int Dimension => (int)Means.shape[1];

    /// <summary>The noise that a perfect network predicts.</summary>
    internal Denoiser Denoiser => Denoiser.FromFunction((x, t, _) => Noise(x, t[0].item<double>()), Prediction.Noise);

    /// <summary>The law at time 1.</summary>
    internal StartDensity Start => StartDensity.FromFunction(x => LogDensity(x, 1));

    internal static TimeGrid Grid(int steps) => TimeGrid.UniformLogSnr(Schedule, steps, 1, 1e-3);

    /// <summary>A mixture that a seed makes: centres of deviation 1.5, covariances of condition some tens.</summary>
    internal static GaussianMixture Random(int components, int dimension, ulong seed)
    {
        Tensor drawn = StartNoise.Draw([components, dimension + 2, dimension], seed, ScalarType.Float64);
        Tensor root = drawn.narrow(1, 0, dimension) / Math.Sqrt(dimension);
        Tensor covariances = (0.2 * root.matmul(root.transpose(1, 2))) + (0.03 * eye(dimension, dtype: ScalarType.Float64));
        Tensor weights = drawn.select(1, dimension + 1).select(1, 0).mul(0.5).softmax(0);
        return new GaussianMixture(weights, 1.5 * drawn.select(1, dimension), covariances);
    }

    /// <summary>log p_t, [batch].</summary>
    internal Tensor LogDensity(Tensor x, double time) => Parts(x, time).Logits.logsumexp(1);

    /// <summary>Exact samples of the diffused mixture.</summary>
    internal Tensor Draw(int count, double time, ulong seed)
    {
        (double alpha, double sigma) = (Schedule.Alpha(time), Schedule.Sigma(time));
        var random = new Random(unchecked((int)seed));
        double[] reached = [.. logWeights.exp().cumsum(0).data<double>()];
        Tensor chosen = tensor(
            [.. Enumerable.Range(0, count).Select(_ => random.NextDouble()).Select(u => (long)reached[..^1].Count(r => r <= u))]);
        Tensor component = axes.shape[0] == 1 ? zeros_like(chosen) : chosen;
        Tensor scaled = StartNoise.Draw([count, Dimension], seed, ScalarType.Float64)
            * Variances(alpha, sigma).index_select(0, component).sqrt();
        Tensor turned = axes.shape[0] == 1 ? scaled.mm(axes[0].t())
            : axes.index_select(0, component).matmul(scaled.unsqueeze(2)).squeeze(2);
        return (alpha * Means.index_select(0, chosen)) + turned;
    }

    // eps = sigma sum_k p(k | x) (alpha^2 S_k + sigma^2)^-1 (x - alpha mu_k).
    internal Tensor Noise(Tensor x, double time)
    {
        (Tensor logits, Tensor from, Tensor variance) = Parts(x, time);
        Tensor weighted = logits.softmax(1).unsqueeze(2) * from;
        if (axes.shape[0] == 1)
        {
            weighted = weighted.sum([1L], keepdim: true);
        }

        Tensor rows = axes.transpose(1, 2).reshape(-1, Dimension);
        return (weighted / variance).reshape(x.shape[0], -1).mm(rows).mul(Schedule.Sigma(time));
    }

    // Of each component its share in the density, the difference from its mean along its axes, and its variances there.
    private (Tensor Logits, Tensor From, Tensor Variance) Parts(Tensor x, double time)
    {
        (double alpha, double sigma) = (Schedule.Alpha(time), Schedule.Sigma(time));
        Tensor variance = Variances(alpha, sigma);
        Tensor turned = x.mm(axes.permute(1, 0, 2).reshape(Dimension, -1)).reshape(x.shape[0], -1, Dimension);
        Tensor from = turned - (alpha * along);
        Tensor logits = logWeights
            - (0.5 * ((from.square() / variance).sum([2L]) + (2 * Math.PI * variance).log().sum([1L])));
        return (logits, from, variance);
    }

    private Tensor Variances(double alpha, double sigma) => (alpha * alpha * variances) + (sigma * sigma);
}
