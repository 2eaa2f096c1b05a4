using static TorchSharp.torch;

namespace Costate;

/// <summary>Multiplication with a mask: its own transpose.</summary>
internal sealed class Masking : LinearOperator
{
    private readonly PerImageSize? generated;
    private readonly Tensor? own;
    private readonly (int Bottom, int Right) atLeast;

    private Masking(string name, PerImageSize? generated, Tensor? own, (int Bottom, int Right) atLeast = default)
    {
        Name = name;
        this.generated = generated;
        this.own = own;
        this.atLeast = atLeast;
    }

    public override string Name { get; }

    internal static Masking Box(int top, int left, int height, int width)
    {
        if (top < 0 || left < 0 || height < 1 || width < 1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(top),
                $"Got a box of {height} x {width} pixels at row {top}, column {left}; sizes are positive and positions not negative.");
        }

        return new Masking(
            $"inpainting of a box of {height} x {width} at ({top}, {left})",
            new PerImageSize(Fill),
            null,
            (top + height, left + width));

        double[] Fill(int rows, int columns)
        {
            double[] mask = new double[rows * columns];
            Array.Fill(mask, 1);
            for (int row = top; row < top + height; row++)
            {
                mask.AsSpan((row * columns) + left, width).Clear();
            }

            return mask;
        }
    }

    internal static Masking Random(double hidden, ulong seed)
    {
        return hidden is >= 0 and < 1
            ? new Masking($"inpainting of {100 * hidden} % of the pixels", new PerImageSize(Fill), null)
            : throw new ArgumentOutOfRangeException(nameof(hidden), hidden, $"Got a fraction of {hidden}; it lies in [0, 1).");

        // The pixels with the smallest random keys are hidden.
        double[] Fill(int rows, int columns)
        {
            int[] pixels = [.. Enumerable.Range(0, rows * columns)];
            uint[] keys = [.. pixels.Select(pixel => Philox.Block((uint)pixel, 0, 0, MaskUse, seed).A)];
            Array.Sort(keys, pixels);
            double[] mask = new double[pixels.Length];
            foreach (int pixel in pixels.Skip((int)Math.Round(hidden * pixels.Length)))
            {
                mask[pixel] = 1;
            }

            return mask;
        }
    }

    internal static Masking ByUser(Tensor mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        return new Masking($"mask {Shapes.Text(mask)}", null, mask);
    }

    internal override Tensor Map(Tensor x) => x * Mask(x);

    internal override Tensor MapTransposed(Tensor y) => Map(y);

    internal override Tensor OnObserved(Tensor noise) => Map(noise);

    internal override bool ObservesAll => false;

    private protected override NormalSpectrum Spectrum(Tensor y) =>
        new(Mask(y).to(ScalarType.Float64).square(), z => z, z => z);

    private protected override void CheckInput(Tensor x)
    {
        if (own is not null)
        {
            if (own.dim() > x.dim() || !x.shape.AsSpan()[^(int)own.dim()..].SequenceEqual(own.shape))
            {
                throw new ArgumentException(
                    $"Got data of shape {Shapes.Text(x)} for a mask of shape {Shapes.Text(own)}; the mask has the shape of the last "
                        + "dimensions of the data. Resize one of them, or expand the mask.",
                    nameof(x));
            }

            return;
        }

        CheckImage(x);
        if (x.shape[2] < atLeast.Bottom || x.shape[3] < atLeast.Right)
        {
            throw new ArgumentException(
                $"Got an image of {x.shape[2]} x {x.shape[3]} pixels for {Name}; the box must lie inside. Make it smaller or move it.",
                nameof(x));
        }
    }

    // The last word of the counter parts this use of the generator from the others.
    private const uint MaskUse = 0x6d61736b;

    private Tensor Mask(Tensor x) => own is not null
        ? own.to(x.dtype, x.device)
        : tensor(generated!.At(x.shape[2], x.shape[3]), [x.shape[2], x.shape[3]], ScalarType.Float64, x.device).to(x.dtype);
}
