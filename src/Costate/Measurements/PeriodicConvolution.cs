using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Convolution of every channel with one kernel, the image continued periodically: in the Fourier domain a product, and with it A A'.
/// </summary>
/// <param name="name">What it does.</param>
/// <param name="kernel">[height, width], row by row; its middle stays in place.</param>
/// <param name="height">Of the kernel, odd.</param>
/// <param name="width">Of the kernel, odd.</param>
internal sealed class PeriodicConvolution(string name, double[] kernel, int height, int width) : LinearOperator
{
    // The kernel as an image whose first pixel is its middle; a kernel that is larger goes around more than once.
    private readonly PerImageSize image = new((rows, columns) =>
    {
        double[] spread = new double[rows * columns];
        foreach ((int index, double weight) in kernel.Index())
        {
            int row = Around((index / width) - (height / 2), rows), column = Around((index % width) - (width / 2), columns);
            spread[(row * columns) + column] += weight;
        }

        return spread;
    });

    public override string Name => name;

    internal override Tensor Map(Tensor x) => Multiplied(x, response => response);

    internal override Tensor MapTransposed(Tensor y) => Multiplied(y, response => response.conj());

    private protected override NormalSpectrum Spectrum(Tensor y) =>
        new(Response(y).abs().square(), z => fft.fft2(z), z => fft.ifft2(z).real);

    private protected override void CheckInput(Tensor x) => CheckImage(x);

    private Tensor Multiplied(Tensor x, Func<Tensor, Tensor> factor)
    {
        Tensor own = x.ToWorkingPrecision(), spectrum = fft.fft2(own);
        return fft.ifft2(spectrum * factor(Response(x)).to(spectrum.dtype)).real.to(x.dtype);
    }

    // In 64 bits.
    private Tensor Response(Tensor like) => fft.fft2(
        tensor(image.At(like.shape[2], like.shape[3]), [like.shape[2], like.shape[3]], ScalarType.Float64, like.device));

    private static int Around(int index, int size) => ((index % size) + size) % size;
}
