using Costate.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Faces.Recognition;

/// <summary>
/// Half the resolution by a convolution with stride, then residual blocks of one convolution each, activated before (He et al. 2016).
/// </summary>
internal sealed class RecogniserStage : NetworkBlock
{
    private readonly List<(GroupNorm Norm, Conv2d Conv)> layers = [];

    internal RecogniserStage(int inChannels, int outChannels, int blocks, Device? device)
        : base(nameof(RecogniserStage))
    {
        Add("down", inChannels, outChannels, stride: 2, device);
        for (int i = 0; i < blocks; i++)
        {
            Add($"block_{i}", outChannels, outChannels, stride: 1, device);
        }
    }

    internal Tensor Forward(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = Changed(layers[0], x);
        foreach ((GroupNorm, Conv2d) layer in layers.Skip(1))
        {
            hidden = Changed(layer, hidden).add_(hidden);
        }

        return hidden.MoveToOuterDisposeScope();
    }

    private static Tensor Changed((GroupNorm Norm, Conv2d Conv) layer, Tensor x) =>
        layer.Conv.Apply(Activation.Silu.Apply(layer.Norm.call(x)));

    private void Add(string name, int inChannels, int outChannels, int stride, Device? device)
    {
        GroupNorm norm = FaceRecogniser.Normalized(inChannels, device);
        Conv2d conv = nn.Conv2d(inChannels, outChannels, 3, stride: stride, padding: 1, device: device);
        register_module(name, new NamedLayers(("norm", norm), ("conv", conv)));
        layers.Add((norm, conv));
    }
}
