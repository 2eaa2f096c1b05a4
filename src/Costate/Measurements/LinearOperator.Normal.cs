using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <content>Functions of A A', by which linear measurements are inverted.</content>
public abstract partial class LinearOperator
{
    private const int MaxIterations = 1000;

    // What is 0 of an eigenvalue beside the largest.
    private const double Negligible = 1e-12;

    /// <summary>
    /// Solves <c>(signal A A' + noise I) u = y</c> for each item: what the posterior mean of a Gaussian and the pseudo-inverse
    /// (<c>A' u</c> with a noise of 0) are made of.
    /// </summary>
    /// <remarks>
    /// In closed form for masks, average pooling, bicubic reduction, Gaussian blur and matrices, where a noise of 0 gives the solution of
    /// least norm. Others (motion blur, operators of your own) by conjugate gradients: one application of A and A' an iteration.
    /// </remarks>
    /// <param name="y">In the shape of an observation.</param>
    /// <param name="signal">Variance of the data, not negative.</param>
    /// <param name="noise">Variance of the noise, not negative; one of them is positive.</param>
    /// <returns>In the shape and dtype of y.</returns>
    /// <exception cref="InputException">A variance is negative or not finite, or both are 0; or conjugate gradients do not
    /// converge.</exception>
    /// <exception cref="ArgumentException">The shape does not fit the operator.</exception>
    public Tensor SolveNormal(Tensor y, double signal, double noise)
    {
        ArgumentNullException.ThrowIfNull(y);
        CheckFloating(y);
        CheckOutput(y);
        if (!(signal >= 0 && noise >= 0 && double.IsFinite(signal) && double.IsFinite(noise) && signal + noise > 0))
        {
            throw new InputException(
                nameof(noise),
                FormattableString.Invariant($"variances of {signal} for the signal and {noise}"),
                "finite and not negative, and one of them positive");
        }

        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor solution = Spectrum(y) is NormalSpectrum spectrum
            ? Along(spectrum, y, values => Inverse(values, signal, noise))
            : ConjugateGradients(y, signal, noise);
        return solution.MoveToOuterDisposeScope();
    }

    /// <summary>A function of A A' times y, in the caller's dispose scope; null where the operator has no closed form.</summary>
    /// <param name="y">An observation.</param>
    /// <param name="function">From the eigenvalues, in 64 bits.</param>
    internal Tensor? OfNormal(Tensor y, Func<Tensor, Tensor> function) =>
        Spectrum(y) is NormalSpectrum spectrum ? Along(spectrum, y, function) : null;

    /// <summary>
    /// <c>log det(signal A A' + noise I)</c> over the observed entries of each item, [batch] in 64 bits, in the caller's dispose scope;
    /// null where the operator has no closed form.
    /// </summary>
    internal Tensor? LogDeterminantOfNormal(Tensor y, double signal, double noise)
    {
        if (Spectrum(y) is not NormalSpectrum spectrum)
        {
            return null;
        }

        using Scalar added = noise;
        Tensor each = spectrum.Values.Times(signal).add(added).log();
        if (ObservesAll)
        {
            return each.expand(y.shape[1..]).sum().expand(y.shape[0]);
        }

        each = each.expand(y.shape);
        return where(Observed(y), each, zeros_like(each)).reshape(y.shape[0], -1).sum([1L]);
    }

    /// <summary>How many entries of each item are observed, [batch] in 64 bits, or [1] where it is the same for all.</summary>
    internal Tensor CountObserved(Tensor y) => ObservesAll
        ? tensor([(double)(y.numel() / y.shape[0])], device: y.device)
        : Observed(y).to(ScalarType.Float64).reshape(y.shape[0], -1).sum([1L]);

    /// <summary>Which entries of an observation are observed, in its shape and in the caller's dispose scope.</summary>
    internal Tensor Observed(Tensor y) => OnObserved(ones_like(y, requires_grad: false)).ne(0);

    /// <summary>The eigenvalues of A A' for observations like y; null where there is no closed form.</summary>
    private protected virtual NormalSpectrum? Spectrum(Tensor y) => null;

    /// <summary>Where signal and noise are both 0 there is nothing to solve: the least solution is 0.</summary>
    internal static Tensor Inverse(Tensor values, double signal, double noise)
    {
        double least = Negligible * ((signal * values.max().ToDouble()) + noise);
        using Scalar added = noise, negligible = least, none = 0;
        Tensor sum = values.Times(signal).add_(added);
        return noise > least ? sum.reciprocal() : sum.reciprocal().masked_fill(sum.le(negligible), none);
    }

    private static Tensor Along(NormalSpectrum spectrum, Tensor y, Func<Tensor, Tensor> function) =>
        spectrum.FromAxes(spectrum.ToAxes(y) * function(spectrum.Values).to(y.dtype)).alias();

    private Tensor ConjugateGradients(Tensor y, double signal, double noise)
    {
        double tolerance = y.dtype == ScalarType.Float64 ? 1e-12 : 1e-5;
        Tensor solution = zeros_like(y, requires_grad: false), residual = y.ToWorkingPrecision().clone(), direction = residual.clone();
        Tensor squares = Squares(residual), enough = squares.Times(tolerance * tolerance);
        solution = solution.to(residual.dtype);
        for (int i = 0; i < MaxIterations; i++)
        {
            if (squares.le(enough).all().item<bool>())
            {
                return solution.to(y.dtype);
            }

            using DisposeScope scope = NewDisposeScope();
            Tensor applied = Map(MapTransposed(direction)).Times(signal).AddTimes(direction, noise);
            Tensor curvature = (direction * applied).reshape(y.shape[0], -1).sum([1L]);

            // An item that is solved stays as it is.
            Tensor open = squares.gt(enough) & curvature.gt(0);
            Tensor step = where(open, squares, zeros_like(squares)) / where(open, curvature, ones_like(curvature));
            solution.add_(direction * PerItem(step, y));
            residual.sub_(applied * PerItem(step, y));
            Tensor next = Squares(residual);
            Tensor turn = where(open, next, zeros_like(next)) / where(open, squares, ones_like(squares));
            direction.mul_(PerItem(turn, y)).add_(residual);
            squares.copy_(next);
        }

        double left = (squares / enough.clamp_min(double.Epsilon)).sqrt().max().ToDouble() * tolerance;
        throw new InputException(
            nameof(noise),
            FormattableString.Invariant($"{noise} with the operator '{Name}', whose equations are left with a residual of {left:G2}"),
            $"large enough that {MaxIterations} iterations of conjugate gradients solve them",
            "Give the measurement a noise level, or the operator as a matrix.");
    }

    private static Tensor Squares(Tensor x) => x.reshape(x.shape[0], -1).square().sum([1L]);

    private static Tensor PerItem(Tensor values, Tensor like) =>
        values.reshape([-1, .. Enumerable.Repeat(1L, (int)like.dim() - 1)]);
}
