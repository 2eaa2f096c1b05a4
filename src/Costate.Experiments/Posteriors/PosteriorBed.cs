using static TorchSharp.torch;

namespace Costate.Experiments.Posteriors;

/// <summary>
/// Problems whose posterior is known: a linear measurement with noise of what a Gaussian, or a mixture of 25 on a grid, has drawn.
/// </summary>
/// <remarks>
/// The grid is that of MCGdiff (Cardoso et al. 2024): means (8i, 8j) repeated, unit covariance, random weights. The measurement has random
/// singular vectors and singular values in [0, 1], its noise at most the largest of them.
/// </remarks>
internal sealed record PosteriorBed(bool IsMixture, int Dimension, int Measured)
{
    internal static IReadOnlyList<PosteriorBed> All { get; } =
        [new(false, 2, 1), new(false, 8, 4), new(true, 2, 1), new(true, 8, 1), new(true, 8, 4)];

    internal string Label => $"{(IsMixture ? "25 components" : "one Gaussian")}, {Measured} of {Dimension}";

    /// <summary>A problem by its number, in the caller's dispose scope.</summary>
    internal PosteriorProblem Problem(int number)
    {
        ulong seed = (ulong)((1000 * (1 + All.ToList().IndexOf(this))) + number);
        var random = new Random((int)seed);
        int components = IsMixture ? 25 : 1;
        Tensor weights = Numbers(Enumerable.Range(0, components).Select(_ => -Math.Log(1 - random.NextDouble())));
        weights /= weights.sum();
        Tensor normal = StartNoise.Draw([2 * Dimension, Dimension], seed, ScalarType.Float64);
        Tensor means = IsMixture
            ? Numbers(
                from k in Enumerable.Range(0, components)
                from axis in Enumerable.Range(0, Dimension)
                select 8.0 * ((axis % 2 == 0 ? k / 5 : k % 5) - 2)).reshape(components, Dimension)
            : StartNoise.Draw([1, Dimension], seed + 1, ScalarType.Float64);
        Tensor square = normal.narrow(0, 0, Dimension), covariance = eye(Dimension, dtype: ScalarType.Float64);
        if (!IsMixture)
        {
            covariance = (0.1 * covariance) + (square.mm(square.t()) / Dimension);
        }

        double[] singular = [.. Enumerable.Range(0, Measured).Select(_ => random.NextDouble())];
        Tensor left = linalg.qr(normal.narrow(0, Dimension, Measured).narrow(1, 0, Measured)).Q;
        Tensor right = linalg.qr(square.t().contiguous()).Q.narrow(1, 0, Measured);
        Tensor matrix = (left * Numbers(singular)).mm(right.t());
        return new PosteriorProblem(weights, means, covariance, matrix, Math.Max(0.05, random.NextDouble()) * singular.Max(), seed);
    }

    private static Tensor Numbers(IEnumerable<double> values) => tensor([.. values]);
}
