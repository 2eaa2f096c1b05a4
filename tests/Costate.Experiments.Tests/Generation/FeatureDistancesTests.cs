using Costate.Experiments.Generation;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Generation;

public sealed class FeatureDistancesTests
{
    [Fact]
    public void Frechet_IsThatOfTheNormalDistributions()
    {
        using var scope = NewDisposeScope();

        // Points at the corners have these means and covariances exactly, but for n - 1: 4/3 of the squares of the half widths.
        Tensor Corners(double x, double y, double width, double height) =>
            tensor(new[] { x - width, y - height, x - width, y + height, x + width, y - height, x + width, y + height }, [4, 2]);
        FeatureDistances distances = FeatureDistances.Of(Corners(0, 0, 1, 2), Corners(3, 4, 2, 1));
        Assert.Equal(25 + ((1 + 1) * 4 / 3.0), distances.Frechet, 1e-9);
    }

    [Fact]
    public void Rotation_ChangesNothing()
    {
        using var scope = NewDisposeScope();
        Tensor a = StartNoise.Draw([50, 6], 1), b = (StartNoise.Draw([60, 6], 2) * 2) + 1;
        (Tensor turn, _) = linalg.qr(StartNoise.Draw([6, 6], 3));
        FeatureDistances plain = FeatureDistances.Of(a, b), turned = FeatureDistances.Of(a.mm(turn), b.mm(turn));

        // float32.
        Assert.Equal(plain.Frechet, turned.Frechet, 1e-4 * plain.Frechet);
        Assert.Equal(plain.Kernel.Mean, turned.Kernel.Mean, 1e-4 * plain.Kernel.Mean);
    }

    [Fact]
    public void Kernel_IsNothingForTheSameDistribution_AndMoreForAnother()
    {
        using var scope = NewDisposeScope();
        Tensor a = StartNoise.Draw([400, 8], 1), same = StartNoise.Draw([400, 8], 2), other = StartNoise.Draw([400, 8], 3) + 1;
        Assert.InRange(FeatureDistances.Of(a, same).Kernel.Mean, -0.1, 0.1);
        Assert.InRange(FeatureDistances.Of(a, other).Kernel.Low, 0.5, 100);
    }

    [Fact]
    public void OnePicture_IsRefused()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<InputException>(() => FeatureDistances.Of(zeros(1, 4), zeros(5, 4)));
    }
}
