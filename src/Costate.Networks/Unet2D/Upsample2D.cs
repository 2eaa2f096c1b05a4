using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Doubles the resolution by repetition, then a convolution.</summary>
internal sealed class Upsample2D : NetworkBlock
{
    private readonly Conv2d conv;

    internal Upsample2D(int channels)
        : base(nameof(Upsample2D)) =>
        register_module("conv", conv = nn.Conv2d(channels, channels, 3, padding: 1));

    internal Tensor Forward(Tensor x)
    {
        using Tensor repeated = Doubling.Of(x);
        return conv.Apply(repeated);
    }
}
