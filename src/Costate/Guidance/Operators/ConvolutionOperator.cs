using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Convolution of every channel with one kernel, the image reflected at its edges; the transpose is its vector-Jacobian product.</summary>
internal sealed class ConvolutionOperator(string name, double[] kernel, int size) : LinearOperator
{
    public override string Name => name;

    internal override Tensor Map(Tensor x)
    {
        long radius = size / 2;
        long channels = x.shape[1];
        Tensor weights = tensor(kernel, [1, 1, size, size], ScalarType.Float64).to(x.dtype, x.device).expand(channels, 1, size, size);
        Tensor padded = nn.functional.pad(x, (radius, radius, radius, radius), PaddingModes.Reflect);
        return nn.functional.conv2d(padded, weights, groups: channels);
    }

    internal override Tensor MapTransposed(Tensor y)
    {
        // Of a linear map, at any point.
        using Tensor zero = zeros_like(y, requires_grad: false);
        using VectorJacobianProduct product = VectorJacobianProduct.Begin((x, _) => Map(x), zero, null);
        return product.Pull(y).X;
    }

    private protected override void CheckInput(Tensor x)
    {
        CheckImage(x);
        if (x.shape[2] <= size / 2 || x.shape[3] <= size / 2)
        {
            throw new ArgumentException($"Got an image of {x.shape[2]} x {x.shape[3]} pixels for {Name}; its edges are reflected by {size / 2} pixels, so it must be larger than that. Use a smaller kernel.", nameof(x));
        }
    }
}
