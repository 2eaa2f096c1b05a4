using Costate.Experiments.Mixtures;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Mixtures;

public sealed class GaussianMixtureTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Noise_IsTheSlopeOfTheLogDensity(bool oneCovariance)
    {
        using var scope = NewDisposeScope();
        GaussianMixture mixture = oneCovariance ? Shared() : GaussianMixture.Random(3, 3, 5);
        Tensor x = mixture.Draw(7, 0.4, 1).requires_grad_();
        mixture.LogDensity(x, 0.4).sum().backward();
        Tensor noise = mixture.Noise(x.detach(), 0.4);
        double sigma = GaussianMixture.Schedule.Sigma(0.4);

        // Rounding in 64 bits.
        Assert.True((noise + (sigma * x.grad!)).abs().max().item<double>() < 1e-12);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Draws_HaveItsMean_AndDensityItsIntegral(bool oneCovariance)
    {
        using var scope = NewDisposeScope();
        GaussianMixture mixture = oneCovariance ? Shared() : GaussianMixture.Random(3, 2, 5);
        int dimension = mixture.Dimension;
        Tensor x = mixture.Draw(4000, 0, 2), wide = StartNoise.Draw([20000, dimension], 3, ScalarType.Float64) * 4;
        Tensor logWeights = mixture.LogDensity(wide, 0)
            + (0.5 * (wide / 4).square().sum([1L])) + (dimension * Math.Log(4 * Math.Sqrt(2 * Math.PI)));
        var weights = new ImportanceWeights(logWeights);
        Assert.True(Math.Abs(weights.LogZ) < 4 * weights.LogZError, $"{weights.LogZ} +- {weights.LogZError}");

        // Four standard errors, of deviations below 2.
        Assert.True((x.mean([0L]) - weights.Mean(wide)).abs().max().item<double>() < 0.25);
    }

    private static GaussianMixture Shared() => new(
        tensor([0.7, 0.3]),
        tensor(new double[,] { { 1, 0, -1 }, { -1, 0.5, 0 } }),
        tensor(new double[,,] { { { 0.5, 0.1, 0 }, { 0.1, 0.3, 0.05 }, { 0, 0.05, 0.2 } } }));
}
