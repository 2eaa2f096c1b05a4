using static TorchSharp.torch;

namespace Costate;

/// <summary>The random path that drives a stochastic solver. The same path gives the same sample, so a gradient can replay it.</summary>
public abstract class BrownianPath
{
    private protected BrownianPath()
    {
    }

    /// <summary>
    /// Independent noise for each step and each item of the batch, computed from a counter: step k of item i needs no other draw and
    /// does not depend on the batch. Keeps nothing in memory. Two grids see unrelated noise.
    /// </summary>
    /// <param name="seed">The seed of the whole batch; item i draws from stream i.</param>
    public static BrownianPath PerStep(ulong seed) => new PerStepNoise(item => (seed, item));

    /// <inheritdoc cref="PerStep(ulong)"/>
    /// <param name="seeds">One seed for each item of the batch; equal seeds give equal noise.</param>
    public static BrownianPath PerStep(IReadOnlyList<ulong> seeds)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        return new PerStepNoise(item => item < seeds.Count
            ? (seeds[item], 0)
            : throw new ArgumentException($"Got {seeds.Count} seeds for a batch of more than {item} items; give one for each."));
    }

    /// <summary>Noise vectors of your own, or those that <see cref="Sampler.EncodeNoise"/> recovered.</summary>
    /// <param name="noises">[steps, batch, ...], standard normal for a draw of the model. Not copied, not disposed.</param>
    public static BrownianPath Recorded(Tensor noises)
    {
        ArgumentNullException.ThrowIfNull(noises);
        return new RecordedNoise(noises);
    }

    /// <summary>The standard normal vector of a step, in the shape, dtype and device of <paramref name="like"/>.</summary>
    /// <param name="step">Which noise vector, from 0.</param>
    /// <param name="interval">The stretch of the path that it stands for.</param>
    /// <param name="like">A state.</param>
    internal abstract Tensor Normal(int step, NoiseInterval interval, Tensor like);

    /// <summary>Refuses a path that does not fit a run.</summary>
    internal virtual void Check(int steps, Tensor like)
    {
    }
}
