using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Halves the resolution by a convolution of stride 2.</summary>
internal sealed class Downsample2D : NetworkBlock
{
    private readonly Conv2d conv;
    private readonly bool padsAfter;

    /// <param name="channels">Channels in and out.</param>
    /// <param name="padding">1 pads all sides; 0 pads right and bottom alone.</param>
    /// <param name="device">Where its parameters are made.</param>
    internal Downsample2D(int channels, int padding, Device? device = null)
        : base(nameof(Downsample2D))
    {
        padsAfter = padding == 0;
        register_module("conv", conv = nn.Conv2d(channels, channels, 3, stride: 2, padding: padding, device: device));
    }

    internal Tensor Forward(Tensor x)
    {
        if (!padsAfter)
        {
            return conv.Apply(x);
        }

        using Tensor padded = nn.functional.pad(x, [0, 1, 0, 1]);
        return conv.Apply(padded);
    }
}
