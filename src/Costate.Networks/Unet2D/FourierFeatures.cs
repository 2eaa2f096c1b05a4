using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Sines and cosines of the logarithm of a noise level at random, fixed frequencies (Song et al. 2021).</summary>
internal sealed class FourierFeatures : NetworkBlock
{
    private const double Scale = 16;

    private readonly Parameter weight;

    internal FourierFeatures(int frequencies)
        : base(nameof(FourierFeatures)) =>
        register_parameter("weight", weight = nn.Parameter(randn(frequencies).mul_(Scale), requires_grad: false));

    /// <summary>Features [batch, 2 x frequencies] of positive levels [batch].</summary>
    internal Tensor Forward(Tensor level)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor angles = level.to(weight.dtype).log().unsqueeze(1) * weight * (2 * Math.PI);
        return cat([angles.sin(), angles.cos()], 1).MoveToOuterDisposeScope();
    }
}
