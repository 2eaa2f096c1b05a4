using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Draws of standard normal noise to start from, item by item from a counter, so that an item does not depend on its batch.
/// </summary>
public static class StartNoise
{
    // Steps of a run count up from 0; the start is a step of its own at the other end of the counter.
    private const int StartStep = -1;

    /// <summary>Standard normal noise of the given shape. On a variance-exploding schedule multiply it by sigma(1).</summary>
    /// <param name="shape">[batch, ...].</param>
    /// <param name="seed">One seed for the batch, or one for each item.</param>
    /// <param name="dtype">A floating-point dtype. The default is 32-bit.</param>
    /// <param name="device">The default is the CPU.</param>
    /// <exception cref="MissingLibraryException">libtorch is not there, or cannot be loaded.</exception>
    public static Tensor Draw(long[] shape, NoiseSeeds seed, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(shape);
        TorchLibraries.Require();
        if (shape.Length == 0 || shape.Any(n => n <= 0))
        {
            throw new ArgumentException(
                $"Got shape [{string.Join(", ", shape)}]; a sample is [batch, ...] with positive sizes.",
                nameof(shape));
        }

        seed.Check(nameof(seed), shape[0]);
        return new PerStepNoise(seed).Draw(StartStep, shape, dtype, device ?? CPU);
    }
}
