using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// A linear subspace that samples live in, with an orthonormal basis: on it a density has a meaning where in the whole space it has none,
/// as for particles whose centre of mass is free.
/// </summary>
/// <remarks>
/// Densities on it are per unit of its own volume, which the basis measures. Immutable and safe to share between threads.
/// </remarks>
public sealed class Subspace
{
    // What rounding leaves of a basis that was made orthonormal in 64 bits.
    private const double Tolerance = 1e-10;

    private readonly double[] basis;

    private Subspace(string name, double[] basis, int dimension) => (Name, this.basis, Dimension) = (name, basis, dimension);

    /// <summary>What it is, for people.</summary>
    public string Name { get; }

    /// <summary>Its dimension.</summary>
    public int Dimension { get; }

    /// <summary>The number of entries of an item.</summary>
    public int Entries => basis.Length / Dimension;

    /// <summary>Configurations of particles whose mean is 0: [batch, particles, dimension], or flattened.</summary>
    /// <param name="particles">Particles, at least 2.</param>
    /// <param name="dimension">Of the space they move in, at least 1.</param>
    /// <exception cref="InputException">There are too few of either.</exception>
    public static Subspace MeanFree(int particles, int dimension)
    {
        if (particles < 2 || dimension < 1)
        {
            throw new InputException(
                nameof(particles),
                $"{particles} particles in {dimension} dimensions",
                "at least 2 in at least 1",
                "One particle whose mean is 0 stands still.");
        }

        // Helmert's matrix: row k has k equal entries, and what makes their sum 0.
        int entries = particles * dimension;
        double[] basis = new double[(particles - 1) * dimension * entries];
        for (int k = 1; k < particles; k++)
        {
            double scale = 1 / Math.Sqrt(k * (k + 1.0));
            for (int axis = 0; axis < dimension; axis++)
            {
                int row = (((k - 1) * dimension) + axis) * entries;
                for (int particle = 0; particle < k; particle++)
                {
                    basis[row + (particle * dimension) + axis] = scale;
                }

                basis[row + (k * dimension) + axis] = -k * scale;
            }
        }

        return new Subspace($"{particles} particles in {dimension} dimensions with mean 0", basis, (particles - 1) * dimension);
    }

    /// <summary>What a basis of your own spans.</summary>
    /// <param name="basis">[dimension, entries], its rows orthonormal to 1e-10. Copied.</param>
    /// <exception cref="InputException">It is no matrix, or its rows are not orthonormal.</exception>
    public static Subspace Spanned(Tensor basis)
    {
        ArgumentNullException.ThrowIfNull(basis);
        using DisposeScope scope = NewDisposeScope();
        if (basis.dim() != 2 || basis.numel() == 0)
        {
            throw new InputException(nameof(basis), $"shape {Shapes.Text(basis)}", "[dimension, entries]");
        }

        Tensor rows = basis.detach().to(ScalarType.Float64).cpu();
        double error = (rows.mm(rows.t()) - eye(rows.shape[0], dtype: ScalarType.Float64, device: CPU)).abs().max().ToDouble();
        return error <= Tolerance
            ? new Subspace($"span of {Shapes.Text(basis)}", [.. rows.contiguous().data<double>()], checked((int)rows.shape[0]))
            : throw new InputException(
                nameof(basis),
                FormattableString.Invariant($"rows whose products differ from those of an orthonormal basis by {error:G2}"),
                "orthonormal",
                "Take the rows of Q' of a QR factorisation in 64 bits.");
    }

    /// <summary>The part of x that lies in it, in the shape and dtype of x.</summary>
    /// <param name="x">[batch, ...] with as many entries an item as the basis.</param>
    /// <exception cref="InputException">The items have another number of entries.</exception>
    public Tensor Project(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        using DisposeScope scope = NewDisposeScope();
        CheckEntries(x, nameof(x));
        Tensor rows = Basis(x);
        return x.reshape(x.shape[0], -1).mm(rows.t()).mm(rows).reshape(x.shape).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>The basis, [dimension, entries], like a tensor.</summary>
    internal Tensor Basis(Tensor like) => tensor(basis, [Dimension, Entries], ScalarType.Float64, like.device).to(like.dtype);

    /// <summary>Refuses a sample whose network has led out of it.</summary>
    internal void CheckSample(Tensor sample) => Check(
        sample,
        "subspace",
        "The network's answer must lie in it as its input does: subtract its part outside, or give no subspace.");

    /// <summary>Refuses what does not lie in it.</summary>
    internal void Check(Tensor x, string parameter, string remedy)
    {
        using DisposeScope scope = NewDisposeScope();
        CheckEntries(x, parameter);
        double outside = (x - Project(x)).abs().max().ToDouble(), size = x.abs().max().ToDouble();
        double allowed = x.dtype == ScalarType.Float64 ? 1e-9 : 1e-3;
        if (!(outside <= allowed * size))
        {
            throw new InputException(
                parameter,
                FormattableString.Invariant($"items that leave the subspace ({Name}) by {outside:G3}"),
                "within it",
                remedy);
        }
    }

    private void CheckEntries(Tensor x, string parameter)
    {
        if (x.dim() < 2 || x.numel() != x.shape[0] * Entries)
        {
            throw new InputException(
                parameter,
                $"shape {Shapes.Text(x)}",
                $"[batch, ...] with {Entries} entries an item, as the subspace ({Name}) has them");
        }
    }
}
