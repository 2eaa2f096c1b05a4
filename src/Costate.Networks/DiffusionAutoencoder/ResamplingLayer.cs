using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Changes the resolution, with a convolution or without.</summary>
internal sealed class ResamplingLayer : StageLayer
{
    private readonly Resampling resampling;
    private readonly Conv2d? conv;

    internal ResamplingLayer(Resampling resampling, int channels, bool convolves, Device? device)
        : base(nameof(ResamplingLayer))
    {
        this.resampling = resampling;
        if (convolves)
        {
            bool down = resampling == Resampling.Down;
            conv = nn.Conv2d(channels, channels, 3, stride: down ? 2 : 1, padding: 1, device: device);
            register_module(down ? "op" : "conv", conv);
        }
    }

    internal override Tensor Forward(Tensor x, Conditions? conditions)
    {
        if (conv is null)
        {
            return resampling.Apply(x);
        }

        if (resampling == Resampling.Down)
        {
            return conv.Apply(x);
        }

        using Tensor repeated = resampling.Apply(x);
        return conv.Apply(repeated);
    }
}
