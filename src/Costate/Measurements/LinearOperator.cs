using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>A linear map of images to what is observed of them, and its transpose.</summary>
/// <remarks>
/// Works on batches [batch, ...] of floating-point tensors in their own dtype and device, item by item. <see cref="Apply"/> is
/// differentiable by autograd. Immutable and safe to share between threads, as far as a user's mask is.
/// </remarks>
public abstract partial class LinearOperator
{
    private protected LinearOperator()
    {
    }

    /// <summary>What it does, for people.</summary>
    public abstract string Name { get; }

    /// <summary>Everything is observed.</summary>
    public static LinearOperator Identity() => new FunctionOperator(
        x => x, y => y, "identity", y => new NormalSpectrum(ones(1, dtype: ScalarType.Float64, device: y.device), z => z, z => z));

    /// <summary>A matrix, of measurements that are sums over all numbers of an item.</summary>
    /// <param name="matrix">[measurements, entries]; items are [batch, entries]. Copied.</param>
    /// <exception cref="ArgumentException">It is no matrix of floating-point numbers, or not finite.</exception>
    public static LinearOperator FromMatrix(Tensor matrix) => MatrixOperator.Of(matrix);

    /// <summary>Inpainting: a rectangle of the image is hidden (set to 0) in all channels.</summary>
    /// <param name="top">First hidden row.</param>
    /// <param name="left">First hidden column.</param>
    /// <param name="height">Number of hidden rows.</param>
    /// <param name="width">Number of hidden columns.</param>
    /// <exception cref="ArgumentOutOfRangeException">A position is negative or a size is not positive.</exception>
    public static LinearOperator BoxInpainting(int top, int left, int height, int width) => Masking.Box(top, left, height, width);

    /// <summary>Inpainting: a random choice of the pixels is hidden (set to 0), in all channels and the same in all items.</summary>
    /// <param name="hidden">The fraction of pixels that is hidden, in [0, 1); as many as this, rounded, whatever the seed.</param>
    /// <param name="seed">Which pixels.</param>
    /// <exception cref="ArgumentOutOfRangeException">The fraction leaves its range.</exception>
    public static LinearOperator RandomInpainting(double hidden, ulong seed) => Masking.Random(hidden, seed);

    /// <summary>Multiplication with a mask of your own: 1 where an entry is observed, 0 where it is hidden.</summary>
    /// <param name="mask">In the shape of the last dimensions of the data: [height, width], [channels, height, width] or [batch, ...]. Not
    /// copied, not disposed.</param>
    public static LinearOperator Masked(Tensor mask) => Masking.ByUser(mask);

    /// <summary>Super-resolution: the average of each block of <paramref name="factor"/> by <paramref name="factor"/> pixels.</summary>
    /// <param name="factor">At least 1; it must divide height and width.</param>
    /// <exception cref="ArgumentOutOfRangeException">The factor is less than 1.</exception>
    public static LinearOperator AveragePooling(int factor) =>
        new SeparableOperator($"average pooling by {Factor(factor)}", factor, size => ResamplingMatrix.AveragePooling(size, factor));

    /// <summary>
    /// Super-resolution: bicubic reduction with antialiasing (Keys 1981 with a = -1/2, stretched by the factor; mirrored edges).
    /// </summary>
    /// <param name="factor">At least 1; it must divide height and width.</param>
    /// <exception cref="ArgumentOutOfRangeException">The factor is less than 1.</exception>
    public static LinearOperator BicubicReduction(int factor) =>
        new SeparableOperator($"bicubic reduction by {Factor(factor)}", factor, size => ResamplingMatrix.Bicubic(size, factor));

    /// <summary>Convolution with a Gaussian, normalised to 1, the image reflected at its edges.</summary>
    /// <param name="deviation">Its standard deviation in pixels. The default value is 3.</param>
    /// <param name="size">Width of the kernel in pixels, odd. The default value is 61 (Chung et al. 2023).</param>
    /// <exception cref="ArgumentOutOfRangeException">The deviation is not positive, or the size is not a positive odd number.</exception>
    public static LinearOperator GaussianBlur(double deviation = 3, int size = 61)
    {
        if (!(deviation > 0 && double.IsFinite(deviation)))
        {
            throw new ArgumentOutOfRangeException(
                nameof(deviation),
                deviation,
                $"Got a deviation of {deviation} pixels; it must be positive and finite.");
        }

        CheckKernel(size);
        return new SeparableOperator($"Gaussian blur of {deviation} pixels", 1, n => ResamplingMatrix.Gaussian(n, deviation, size));
    }

    /// <summary>Convolution with the path of a shaken camera, normalised to 1, the image reflected at its edges or periodic.</summary>
    /// <param name="size">Width of the kernel in pixels, odd. The default value is 61 (Chung et al. 2023).</param>
    /// <param name="intensity">How crooked the path is, in [0, 1]: 0 is a straight line. The default value is 0.5.</param>
    /// <param name="seed">Which path. The default value is 0.</param>
    /// <param name="periodic">Whether the image goes on at its other edge, as in much of the literature: <see cref="SolveNormal"/> is then
    /// in closed form, by Fourier transforms. The default value is false: it is reflected.</param>
    /// <exception cref="ArgumentOutOfRangeException">The intensity leaves its range, or the size is not a positive odd number.</exception>
    public static LinearOperator MotionBlur(int size = 61, double intensity = 0.5, ulong seed = 0, bool periodic = false)
    {
        CheckKernel(size);
        if (intensity is not (>= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(intensity), intensity, $"Got intensity {intensity}; it lies in [0, 1].");
        }

        double[] kernel = MotionKernel.Draw(size, intensity, seed);
        return periodic ? new PeriodicConvolution($"periodic motion blur of {size} pixels", kernel, size, size)
            : new ConvolutionOperator($"motion blur of {size} pixels", kernel, size);
    }

    /// <summary>
    /// Convolution with a kernel of your own, the image continued periodically: in closed form throughout, by Fourier transforms.
    /// </summary>
    /// <param name="kernel">[height, width], both odd; its middle stays in place. Copied.</param>
    /// <exception cref="ArgumentException">It is no such matrix of floating-point numbers, or not finite.</exception>
    public static LinearOperator PeriodicConvolution(Tensor kernel)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        if (kernel.dim() != 2 || kernel.shape.Any(size => size % 2 == 0) || !kernel.is_floating_point())
        {
            throw new InputException(
                nameof(kernel),
                $"shape {Shapes.Text(kernel)} and dtype {kernel.dtype}",
                "[height, width], both odd, of a floating-point dtype");
        }

        Finite.CheckInput(kernel, nameof(kernel));
        using Tensor own = kernel.detach().to(ScalarType.Float64).cpu().contiguous();
        (int height, int width) = ((int)own.shape[0], (int)own.shape[1]);
        return new PeriodicConvolution($"periodic convolution with {height} x {width} pixels", [.. own.data<double>()], height, width);
    }

    /// <summary>An operator of your own.</summary>
    /// <param name="apply">x [batch, ...] to A x, through autograd.</param>
    /// <param name="transpose">y [batch, ...] to A'y, in the shape of x.</param>
    /// <param name="name">What it does, for error messages.</param>
    public static LinearOperator FromFunctions(Func<Tensor, Tensor> apply, Func<Tensor, Tensor> transpose, string name = "own operator")
    {
        ArgumentNullException.ThrowIfNull(apply);
        ArgumentNullException.ThrowIfNull(transpose);
        return new FunctionOperator(apply, transpose, name);
    }

    /// <summary>A x.</summary>
    /// <param name="x">[batch, ...], floating point; [batch, channels, height, width] for operators on images.</param>
    /// <exception cref="ArgumentException">The shape does not fit the operator.</exception>
    public Tensor Apply(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        CheckFloating(x);
        CheckInput(x);
        using DisposeScope scope = NewDisposeScope();
        return Map(x).MoveToOuterDisposeScope();
    }

    /// <summary>A'y, the transpose: <c>sum(A x * y) = sum(x * A'y)</c> for each item.</summary>
    /// <param name="y">In the shape of an observation.</param>
    /// <exception cref="ArgumentException">The shape does not fit the operator.</exception>
    public Tensor Transpose(Tensor y)
    {
        ArgumentNullException.ThrowIfNull(y);
        CheckFloating(y);
        CheckOutput(y);
        using DisposeScope scope = NewDisposeScope();
        return MapTransposed(y).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>A x of a checked input. Everything lives in the caller's dispose scope.</summary>
    internal abstract Tensor Map(Tensor x);

    /// <summary>A'y of a checked observation.</summary>
    internal abstract Tensor MapTransposed(Tensor y);

    /// <summary>Noise in the shape of an observation where something is observed, 0 elsewhere.</summary>
    internal virtual Tensor OnObserved(Tensor noise) => noise;

    /// <summary>Whether every entry of an observation is observed.</summary>
    internal virtual bool ObservesAll => true;

    private protected virtual void CheckInput(Tensor x)
    {
    }

    private protected virtual void CheckOutput(Tensor y) => CheckInput(y);

    private protected void CheckImage(Tensor x)
    {
        if (x.dim() != 4)
        {
            throw new ArgumentException(
                $"Got shape {Shapes.Text(x)} for the operator '{Name}'; it works on images [batch, channels, height, width]. "
                    + "Reshape or unsqueeze the tensor.",
                nameof(x));
        }
    }

    private static void CheckFloating(Tensor x)
    {
        if (!x.is_floating_point())
        {
            throw new ArgumentException(
                $"Got dtype {x.dtype}; an operator works on floating-point tensors. Convert it with .to(ScalarType.Float32).",
                nameof(x));
        }
    }

    private static int Factor(int factor) => factor >= 1
        ? factor
        : throw new ArgumentOutOfRangeException(nameof(factor), factor, $"Got factor {factor}; it is at least 1.");

    private static void CheckKernel(int size)
    {
        if (size < 1 || size % 2 == 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(size),
                size,
                $"Got a kernel of {size} pixels; it must be positive and odd, so that it has a middle.");
        }
    }
}
