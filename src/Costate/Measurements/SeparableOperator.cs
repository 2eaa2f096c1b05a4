using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>A filter that treats rows and columns alike: <c>y = R x R'</c>, with the transpose <c>x = R' y R</c>.</summary>
/// <param name="name">What it does.</param>
/// <param name="factor">What it divides height and width by.</param>
/// <param name="matrix">R for a number of pixels: [pixels / factor, pixels], row by row.</param>
internal sealed class SeparableOperator(string name, int factor, Func<int, double[]> matrix) : LinearOperator
{
    private readonly PerImageSize rows = new((height, _) => matrix(height));
    private readonly PerImageSize columns = new((_, width) => matrix(width));

    // The eigenvalues of R R' and its eigenvectors, one after the other.
    private readonly PerImageSize rowAxes = new((height, _) => Eigen(matrix(height), height / factor));
    private readonly PerImageSize columnAxes = new((_, width) => Eigen(matrix(width), width / factor));

    public override string Name => name;

    internal override Tensor Map(Tensor x)
    {
        (Tensor down, Tensor across) = Matrices(x.shape[2], x.shape[3], x);
        return down.matmul(x).matmul(across.transpose(0, 1));
    }

    internal override Tensor MapTransposed(Tensor y)
    {
        (Tensor down, Tensor across) = Matrices(y.shape[2] * factor, y.shape[3] * factor, y);
        return down.transpose(0, 1).matmul(y).matmul(across);
    }

    private protected override NormalSpectrum Spectrum(Tensor y)
    {
        (Tensor ofRows, Tensor down) = Axes(rowAxes, y.shape[2], y);
        (Tensor ofColumns, Tensor across) = Axes(columnAxes, y.shape[3], y);
        return new NormalSpectrum(
            ofRows.unsqueeze(1) * ofColumns,
            z => down.t().matmul(z).matmul(across),
            z => down.matmul(z).matmul(across.t()));
    }

    private protected override void CheckInput(Tensor x)
    {
        CheckImage(x);
        if (x.shape[2] % factor != 0 || x.shape[3] % factor != 0)
        {
            throw new ArgumentException(
                $"Got an image of {x.shape[2]} x {x.shape[3]} pixels for {Name}; height and width must be divisible by {factor}. "
                    + "Crop or pad the image.",
                nameof(x));
        }
    }

    private protected override void CheckOutput(Tensor y) => CheckImage(y);

    private static double[] Eigen(double[] matrix, int rows)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor r = tensor(matrix, [rows, matrix.Length / rows], ScalarType.Float64, CPU);
        (Tensor values, Tensor vectors) = linalg.eigh(r.mm(r.t()));
        return [.. values.clamp_min(0).data<double>(), .. vectors.contiguous().data<double>()];
    }

    private (Tensor Values, Tensor Vectors) Axes(PerImageSize made, long size, Tensor like)
    {
        Tensor all = tensor(made.At(size * factor, size * factor), ScalarType.Float64, like.device);
        return (all.narrow(0, 0, size), all.narrow(0, size, size * size).reshape(size, size).to(like.dtype));
    }

    private (Tensor Down, Tensor Across) Matrices(long height, long width, Tensor like) =>
        (Matrix(rows, height, like), Matrix(columns, width, like));

    private Tensor Matrix(PerImageSize made, long size, Tensor like) =>
        tensor(made.At(size, size), [size / factor, size], ScalarType.Float64, like.device).to(like.dtype);
}
