using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>What an <see cref="AutoencoderKL"/> makes of images: a normal distribution of latents, independent in each number.</summary>
/// <remarks>Its tensors are part of the graph, if there is one: gradients reach the images. Dispose it, or let a dispose scope.</remarks>
public sealed class LatentDistribution : TensorResult
{
    // Beyond these the exponential leaves the range of float32 or means nothing (as in diffusers).
    private const double LeastLogVariance = -30;
    private const double MaxLogVariance = 20;

    private LatentDistribution(Tensor mean, Tensor logVariance) => (Mean, LogVariance) = (mean, logVariance);

    /// <summary>Its mean, which is its mode too, [batch, latent channels, height, width].</summary>
    public Tensor Mean { get; }

    /// <summary>The logarithm of its variance, within -30 and 20, in the same shape.</summary>
    public Tensor LogVariance { get; }

    private protected override IEnumerable<Tensor?> Tensors => [Mean, LogVariance];

    /// <summary>A draw from it, [batch, latent channels, height, width]: differentiable in mean and variance.</summary>
    /// <param name="seed">The seed; item i draws from stream i, whatever its batch.</param>
    public Tensor Sample(ulong seed)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor noise = StartNoise.Draw(Mean.shape, seed, Mean.dtype, Mean.device);
        return (Mean + ((LogVariance / 2).exp() * noise)).MoveToOuterDisposeScope();
    }

    /// <summary>The distribution of a network's output [batch, 2 x channels, height, width].</summary>
    internal static LatentDistribution Of(Tensor moments)
    {
        using DisposeScope scope = NewDisposeScope();
        using Scalar least = LeastLogVariance, most = MaxLogVariance;
        Tensor[] halves = moments.chunk(2, 1);
        return new LatentDistribution(
            halves[0].contiguous().MoveToOuterDisposeScope(), halves[1].clamp(least, most).MoveToOuterDisposeScope());
    }
}
