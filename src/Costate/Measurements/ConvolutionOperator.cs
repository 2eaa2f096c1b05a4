using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Convolution of every channel with one kernel, the image reflected at its edges.</summary>
/// <remarks>
/// A sum of shifted images, one for each entry of the kernel that is not 0, and its transpose the shifts undone. Neither asks libtorch for
/// a convolution, whose gradient for images of one channel is wrong on some processors (see <see cref="CpuLibraries"/>). A wide kernel that
/// is a path, as that of motion blur is, has few such entries. Sums are taken in at least 32 bits.
/// </remarks>
internal sealed class ConvolutionOperator(string name, double[] kernel, int size) : LinearOperator
{
    private readonly (int Row, int Column, double Weight)[] entries =
        [.. kernel.Index().Where(entry => entry.Item != 0).Select(entry => (entry.Index / size, entry.Index % size, entry.Item))];

    public override string Name => name;

    internal override Tensor Map(Tensor x)
    {
        (long height, long width) = (x.shape[2], x.shape[3]);
        Tensor padded = Padded(x.ToWorkingPrecision());
        Tensor? sum = null;
        foreach (IGrouping<int, (int Row, int Column, double Weight)> row in entries.GroupBy(entry => entry.Row))
        {
            Tensor lines = padded.narrow(2, row.Key, height);
            foreach ((_, int column, double weight) in row)
            {
                sum = sum.PlusTimes(lines.narrow(3, column, width), weight);
            }
        }

        return sum!.to(x.dtype);
    }

    internal override Tensor MapTransposed(Tensor y)
    {
        (long height, long width) = (y.shape[2], y.shape[3]);
        using IDisposable noGraph = no_grad();
        Tensor seen = y.ToWorkingPrecision();
        Tensor at = zeros_like(seen, requires_grad: false);

        // The transpose of the padding, which is linear, at any point.
        using VectorJacobianProduct padding = VectorJacobianProduct.Begin((x, _) => Padded(x), at);
        Tensor sum = zeros_like(padding.Output, requires_grad: false);
        foreach ((int row, int column, double weight) in entries)
        {
            sum.narrow(2, row, height).narrow(3, column, width).AddTimes(seen, weight);
        }

        return padding.Pull(sum).to(y.dtype);
    }

    private protected override void CheckInput(Tensor x)
    {
        CheckImage(x);
        if (x.shape[2] <= size / 2 || x.shape[3] <= size / 2)
        {
            throw new ArgumentException(
                $"Got an image of {x.shape[2]} x {x.shape[3]} pixels for {Name}; its edges are reflected by {size / 2} pixels, "
                    + "so it must be larger than that. Use a smaller kernel.",
                nameof(x));
        }
    }

    private Tensor Padded(Tensor x)
    {
        long radius = size / 2;
        return nn.functional.pad(x, (radius, radius, radius, radius), PaddingModes.Reflect);
    }
}
