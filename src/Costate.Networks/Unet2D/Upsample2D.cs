using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Doubles the resolution by repetition, then a convolution.</summary>
internal sealed class Upsample2D : NetworkBlock
{
    private readonly Conv2d conv;

    internal Upsample2D(int channels, Device? device = null)
        : base(nameof(Upsample2D)) =>
        register_module("conv", conv = nn.Conv2d(channels, channels, 3, padding: 1, device: device));

    /// <summary>The image of twice the resolution, cut to a size where one is given.</summary>
    /// <param name="x">The image, [batch, channels, height, width].</param>
    /// <param name="size">Height and width: twice those of x, or one less, which is torch's nearest interpolation too.</param>
    internal Tensor Forward(Tensor x, (long Height, long Width)? size = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor repeated = Doubling.Of(x);
        if (size is (long height, long width) && (height, width) != (repeated.shape[2], repeated.shape[3]))
        {
            repeated = repeated.narrow(2, 0, height).narrow(3, 0, width).contiguous();
        }

        return conv.Apply(repeated).MoveToOuterDisposeScope();
    }
}
