using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Overhead;

/// <summary>A frozen network of 3x3 convolutions over images of 3 x 32 x 32.</summary>
/// <remarks>Small for a denoiser, so that whatever the library adds to a call weighs heavily.</remarks>
internal sealed class ConvolutionalNetwork : nn.Module<Tensor, Tensor, Tensor>
{
    internal const int Channels = 3;
    internal const int Size = 32;
    private const int Width = 64;

    private readonly ModuleList<Conv2d> layers;

    internal ConvolutionalNetwork(int hiddenLayers)
        : base(nameof(ConvolutionalNetwork))
    {
        int[] widths = [Channels, .. Enumerable.Repeat(Width, hiddenLayers + 1), Channels];
        layers = nn.ModuleList([.. widths.Zip(widths.Skip(1), (from, to) => nn.Conv2d(from, to, 3, padding: 1L))]);
        RegisterComponents();
        foreach (Parameter parameter in parameters())
        {
            parameter.requires_grad_(false);
        }

        eval();
        Megaflops = widths.Zip(widths.Skip(1), (from, to) => 2e-6 * from * to * 9 * Size * Size).Sum();
    }

    /// <summary>Multiplications and additions of one call on one image, in millions.</summary>
    internal double Megaflops { get; }

    public override Tensor forward(Tensor x, Tensor t)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = layers[0].call(x).add_(t.view(-1, 1, 1, 1));
        foreach (Conv2d layer in layers.Skip(1))
        {
            hidden = layer.call(nn.functional.relu(hidden, inplace: true));
        }

        return hidden.MoveToOuterDisposeScope();
    }
}
