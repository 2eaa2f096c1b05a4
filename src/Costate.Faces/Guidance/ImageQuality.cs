using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Guidance;

/// <summary>How near pictures in -1..1, [batch, channels, height, width], are to others, item by item.</summary>
internal static class ImageQuality
{
    /// <summary>The peak signal-to-noise ratio that equal pictures are given, for which it is infinite.</summary>
    internal const double MaxPsnr = 99;

    // The window, and the constants that keep quotients of small numbers steady (Wang et al. 2004).
    private const int Window = 11;
    private const double Deviation = 1.5;
    private const double OfMeans = 0.01 * 0.01;
    private const double OfVariances = 0.03 * 0.03;

    /// <summary>Peak signal-to-noise ratio in dB.</summary>
    internal static double[] Psnr(Tensor pictures, Tensor truth)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor errors = (Unit(pictures) - Unit(truth)).square().flatten(1).mean([1]);
        return [.. errors.data<double>().Select(e => e == 0 ? MaxPsnr : Math.Min(MaxPsnr, -10 * Math.Log10(e)))];
    }

    /// <summary>Structural similarity (Wang et al. 2004), of each channel where the window lies inside, on average.</summary>
    internal static double[] Ssim(Tensor pictures, Tensor truth)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        (Tensor x, Tensor y) = (Unit(pictures), Unit(truth));
        Tensor window = WindowFor(x);
        (Tensor meanX, Tensor meanY) = (Mean(x), Mean(y));
        (Tensor xx, Tensor yy, Tensor xy) = (Mean(x * x) - (meanX * meanX), Mean(y * y) - (meanY * meanY), Mean(x * y) - (meanX * meanY));
        Tensor above = (meanX * meanY).mul(2).add(OfMeans) * xy.mul(2).add(OfVariances);
        Tensor below = (meanX.square() + meanY.square()).add(OfMeans) * (xx + yy).add(OfVariances);
        return [.. (above / below).flatten(1).mean([1]).data<double>()];

        Tensor Mean(Tensor values) => nn.functional.conv2d(values, window, groups: values.shape[1]);
    }

    // A Gaussian for each channel, smaller where the picture is.
    private static Tensor WindowFor(Tensor pictures)
    {
        int shorter = (int)Math.Min(pictures.shape[2], pictures.shape[3]);
        int size = Math.Min(Window, shorter - ((shorter + 1) % 2));
        double[] row = [.. Enumerable.Range(0, size).Select(i => Math.Exp(-0.5 * Math.Pow((i - (size / 2)) / Deviation, 2)))];
        Tensor line = tensor(row, device: CPU).div_(row.Sum());
        return line.outer(line).expand(pictures.shape[1], 1, size, size).contiguous();
    }

    private static Tensor Unit(Tensor pictures) => pictures.detach().cpu().to(ScalarType.Float64).clamp(-1, 1).add_(1).div_(2);
}
