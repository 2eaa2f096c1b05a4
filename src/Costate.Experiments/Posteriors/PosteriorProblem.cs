using Costate.Experiments.Mixtures;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Posteriors;

/// <summary>A measurement of a draw of a mixture whose components have one covariance, and its exact posterior, a mixture too.</summary>
internal sealed class PosteriorProblem
{
    private const int Directions = 128;
    private const double Start = 0;

    private readonly Tensor directions;

    internal PosteriorProblem(Tensor weights, Tensor means, Tensor covariance, Tensor matrix, double noise, ulong seed)
    {
        Prior = new GaussianMixture(weights, means, covariance.unsqueeze(0));
        Seed = seed;
        Tensor truth = Prior.Draw(1, Start, seed);
        Tensor y = truth.mm(matrix.t())
            + (noise * StartNoise.Draw([1, matrix.shape[0]], seed + 2, ScalarType.Float64));
        Measurement = new Measurement(LinearOperator.FromMatrix(matrix), y, noise);

        // y of component k is N(A mu_k, A S A' + noise^2 I); the posterior of each has one covariance.
        Tensor precision = linalg.inv(covariance);
        Tensor its = linalg.inv(precision + (matrix.t().mm(matrix) / (noise * noise)));
        Tensor posteriorMeans = (means.mm(precision) + (y.mm(matrix) / (noise * noise))).mm(its);
        Tensor seen = matrix.mm(covariance).mm(matrix.t()) + (noise * noise * eye(matrix.shape[0], dtype: ScalarType.Float64));
        Tensor logits = weights.log() + LogNormal(y - means.mm(matrix.t()), seen);
        LogEvidence = logits.logsumexp(0).item<double>();
        Posterior = new GaussianMixture(logits.softmax(0), posteriorMeans, its.unsqueeze(0));
        Tensor drawn = StartNoise.Draw([Directions, means.shape[1]], seed + 3, ScalarType.Float64);
        directions = drawn / drawn.square().sum([1L], keepdim: true).sqrt();
    }

    internal GaussianMixture Prior { get; }

    internal GaussianMixture Posterior { get; }

    internal Measurement Measurement { get; }

    internal double LogEvidence { get; }

    internal ulong Seed { get; }

    /// <summary>The variance of a number of the data, as a user would estimate it.</summary>
    internal double DataVariance => DataCovariance.VarianceOf(Prior.Draw(1000, Start, Seed + 4));

    /// <summary>Exact samples of the posterior.</summary>
    internal Tensor Exact(int count, ulong seed) => Posterior.Draw(count, Start, Seed + 5 + seed);

    /// <summary>
    /// The sliced Wasserstein distance between as many samples: the root mean square difference of what is sorted along random directions.
    /// </summary>
    internal double Distance(Tensor one, Tensor other)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor a = one.mm(directions.t()).sort(0).Values, b = other.mm(directions.t()).sort(0).Values;
        return (a - b).square().mean().sqrt().item<double>();
    }

    private static Tensor LogNormal(Tensor residual, Tensor covariance)
    {
        Tensor along = residual.mm(linalg.inv(covariance)).mul(residual).sum([1L]);
        return -0.5 * (along + linalg.slogdet(covariance).Item2 + (residual.shape[1] * Math.Log(2 * Math.PI)));
    }
}
