using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>A dense matrix, with the eigenvectors of A A'.</summary>
internal sealed class MatrixOperator : LinearOperator
{
    private readonly double[] matrix;
    private readonly double[] values;
    private readonly double[] vectors;
    private readonly long rows;
    private readonly long entries;

    private MatrixOperator(Tensor matrix)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor own = matrix.detach().to(ScalarType.Float64).cpu().contiguous();
        (rows, entries) = (own.shape[0], own.shape[1]);
        this.matrix = [.. own.data<double>()];
        (Tensor eigenvalues, Tensor eigenvectors) = linalg.eigh(own.mm(own.t()));
        values = [.. eigenvalues.clamp_min(0).data<double>()];
        vectors = [.. eigenvectors.contiguous().data<double>()];
    }

    public override string Name => $"matrix [{rows}, {entries}]";

    internal static MatrixOperator Of(Tensor matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        if (matrix.dim() != 2 || matrix.numel() == 0 || !matrix.is_floating_point())
        {
            throw new InputException(
                nameof(matrix),
                $"shape {Shapes.Text(matrix)} and dtype {matrix.dtype}",
                "[measurements, entries] of a floating-point dtype");
        }

        Finite.CheckInput(matrix, nameof(matrix));
        return new MatrixOperator(matrix);
    }

    internal override Tensor Map(Tensor x) => x.mm(Like(matrix, entries, x).t());

    internal override Tensor MapTransposed(Tensor y) => y.mm(Like(matrix, entries, y));

    private protected override NormalSpectrum Spectrum(Tensor y)
    {
        Tensor axes = Like(vectors, rows, y);
        return new NormalSpectrum(tensor(values, ScalarType.Float64, y.device), z => z.mm(axes), z => z.mm(axes.t()));
    }

    private protected override void CheckInput(Tensor x) => Check(x, entries);

    private protected override void CheckOutput(Tensor y) => Check(y, rows);

    private Tensor Like(double[] numbers, long columns, Tensor like) =>
        tensor(numbers, [rows, columns], ScalarType.Float64, like.device).to(like.dtype);

    private void Check(Tensor x, long size)
    {
        if (x.dim() != 2 || x.shape[1] != size)
        {
            throw new ArgumentException(
                $"Got shape {Shapes.Text(x)} for the operator '{Name}'; expected [batch, {size}]. Reshape the tensor.", nameof(x));
        }
    }
}
