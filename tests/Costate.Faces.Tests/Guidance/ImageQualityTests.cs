using Costate.Faces.Guidance;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Guidance;

public sealed class ImageQualityTests
{
    [Fact]
    public void Psnr_OfAKnownError()
    {
        using var scope = NewDisposeScope();
        Tensor truth = zeros(2, 3, 16, 16);
        Tensor pictures = truth.clone();
        pictures[0].add_(0.2);

        // An error of 0.1 of the range is 20 dB.
        double[] psnr = ImageQuality.Psnr(pictures, truth);
        Assert.Equal(20, psnr[0], 1e-5);
        Assert.Equal(ImageQuality.MaxPsnr, psnr[1]);
    }

    [Fact]
    public void Ssim_IsOneOfItself_AndThatOfTheMeansOfFlatPictures()
    {
        using var scope = NewDisposeScope();
        Tensor noise = StartNoise.Draw([2, 3, 24, 20], 3).clamp(-1, 1);
        Assert.All(ImageQuality.Ssim(noise, noise), value => Assert.Equal(1, value, 1e-12));

        // (2 a b + c1)/(a^2 + b^2 + c1) in units of 0..1; the variances are 0.
        double expected = ((2 * 0.5 * 0.75) + 1e-4) / ((0.5 * 0.5) + (0.75 * 0.75) + 1e-4);
        Assert.Equal(expected, ImageQuality.Ssim(zeros(1, 3, 16, 16), full([1, 3, 16, 16], 0.5f))[0], 1e-9);
    }

    [Fact]
    public void Ssim_OfAnItem_DoesNotDependOnItsBatch_AndTakesSmallPictures()
    {
        using var scope = NewDisposeScope();
        Tensor a = StartNoise.Draw([3, 3, 8, 8], 1);
        Tensor b = a + (0.3 * StartNoise.Draw([3, 3, 8, 8], 2));
        double[] together = ImageQuality.Ssim(a, b);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(together[i], ImageQuality.Ssim(a.narrow(0, i, 1), b.narrow(0, i, 1))[0], 1e-12);
            Assert.InRange(together[i], 0.1, 0.999);
        }
    }
}
