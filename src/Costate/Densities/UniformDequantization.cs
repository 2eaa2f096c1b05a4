using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Pictures of whole levels as continuous data, by uniform noise of one level (Uria et al. 2013): their mean log-density bounds the
/// log-probability of the levels from below, which is quoted in bits per dimension.
/// </summary>
public static class UniformDequantization
{
    // The last word of the counter parts this use of the generator from the others.
    private const uint Use = 0x64657175;

    /// <summary><c>2 (k + u)/levels - 1</c>, with u uniform in [0, 1): in [-1, 1).</summary>
    /// <param name="pixels">Levels, [batch, ...], whole numbers from 0 to levels - 1 of any dtype.</param>
    /// <param name="seed">One seed for the batch, or one for each item. The default value is 0.</param>
    /// <param name="levels">How many levels there are. The default value is 256.</param>
    /// <param name="dtype">The dtype of the result. The default is 32-bit.</param>
    /// <exception cref="InputException">A pixel is no level, or there are fewer than 2 levels.</exception>
    public static Tensor Apply(Tensor pixels, NoiseSeeds seed = default, int levels = 256, ScalarType dtype = ScalarType.Float32)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        CheckLevels(levels);
        if (pixels.dim() < 1 || pixels.numel() == 0)
        {
            throw new InputException(nameof(pixels), $"shape {Shapes.Text(pixels)}", "[batch, ...], not empty");
        }

        seed.Check(nameof(seed), pixels.shape[0]);
        using DisposeScope scope = NewDisposeScope();
        Tensor values = pixels.to(ScalarType.Float64);
        double least = values.min().ToDouble(), most = values.max().ToDouble();
        if (!(least >= 0 && most <= levels - 1 && values.eq(values.floor()).all().item<bool>()))
        {
            throw new InputException(
                nameof(pixels),
                FormattableString.Invariant($"values from {least:G4} to {most:G4}"),
                $"whole numbers from 0 to {levels - 1}",
                "Give the levels as they were stored.");
        }

        int batch = checked((int)pixels.shape[0]), size = checked((int)(pixels.numel() / batch));
        double[] uniform = new double[pixels.numel()];
        for (int item = 0; item < batch; item++)
        {
            (ulong key, uint stream) = seed[item];
            for (int i = 0; i < size; i++)
            {
                (uint high, uint low, _, _) = Philox.Block((uint)i, 0, stream, Use, key);
                uniform[(item * size) + i] = (((ulong)high << 21) | (low >> 11)) * (1.0 / (1UL << 53));
            }
        }

        using Scalar one = 1.0;
        Tensor noise = tensor(uniform, pixels.shape, ScalarType.Float64, pixels.device);
        return (values + noise).Times(2.0 / levels).sub(one).to(dtype).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Bits per dimension of data that <see cref="Apply"/> made: <c>-(log p + d log(2/levels))/(d log 2)</c>, an upper bound of those of
    /// the levels in the mean over the noise.
    /// </summary>
    /// <param name="likelihood">Their likelihood.</param>
    /// <param name="levels">How many levels there are. The default value is 256.</param>
    /// <returns>[batch], in 64 bits.</returns>
    /// <exception cref="InputException">There are fewer than 2 levels.</exception>
    public static Tensor BitsPerDimension(DataLikelihood likelihood, int levels = 256)
    {
        ArgumentNullException.ThrowIfNull(likelihood);
        CheckLevels(levels);
        using DisposeScope scope = NewDisposeScope();
        double dimension = (double)likelihood.StartNoise.numel() / likelihood.StartNoise.shape[0];
        using Scalar shift = -Math.Log2(2.0 / levels);
        return likelihood.LogDensity.Times(-1 / (dimension * Math.Log(2))).add(shift).MoveToOuterDisposeScope();
    }

    private static void CheckLevels(int levels)
    {
        if (levels < 2)
        {
            throw new InputException(nameof(levels), $"{levels}", "at least 2");
        }
    }
}
