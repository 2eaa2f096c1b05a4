using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Training;

/// <summary>
/// Random numbers of one step of a training, a function of the seed and the step alone, so that a resumed run draws what an
/// uninterrupted one would have.
/// </summary>
internal sealed class StepRandom : IDisposable
{
    private readonly Generator generator;

    internal StepRandom(ulong seed, long step)
    {
        (uint high, uint low, _, _) = Philox.Block((uint)step, (uint)(step >> 32), 0, 0, seed);
        generator = new Generator(((ulong)high << 32) | low);
    }

    /// <summary>Standard normal numbers.</summary>
    internal Tensor Normal(params long[] shape) => randn(shape, ScalarType.Float32, generator: generator);

    /// <summary>Uniform numbers in 0..1.</summary>
    internal Tensor Uniform(params long[] shape) => rand(shape, ScalarType.Float32, generator: generator);

    /// <summary>Whole numbers, 0 or more and below <paramref name="below"/>.</summary>
    internal Tensor Integers(long below, params long[] shape) => randint(0, below, shape, ScalarType.Int64, generator: generator);

    /// <summary>Places in [n] <paramref name="frequencies"/>, each as often as its frequency says.</summary>
    internal Tensor Places(Tensor frequencies, long count) => multinomial(frequencies, count, replacement: true, generator);

    /// <summary>
    /// Fills a new network: weights uniform within one over the root of what they sum over, as PyTorch does, and biases zero. Weights that
    /// begin at zero, and those of normalisations, stay.
    /// </summary>
    internal void Initialise(nn.Module network)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in network.named_parameters())
        {
            if (parameter.dim() > 1 && parameter.count_nonzero().item<long>() > 0)
            {
                double bound = 1 / Math.Sqrt((double)parameter.numel() / parameter.shape[0]);
                parameter.uniform_(-bound, bound, generator);
            }
            else if (name.EndsWith(".bias", StringComparison.Ordinal))
            {
                parameter.zero_();
            }
        }
    }

    public void Dispose() => generator.Dispose();
}
