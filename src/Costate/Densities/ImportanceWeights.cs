using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Weights that turn samples of one law into those of another: how many samples they are worth, log Z, and resampling.</summary>
/// <remarks>
/// The logarithm of a weight is <c>log pi(x) - log q(x)</c>, with pi the target, normalised or not, and log q that of
/// <see cref="DensitySample.LogDensity"/>, or what stands for it in <see cref="PathSample.LogDensity"/>. The mean weight estimates Z, the
/// integral of pi, without bias; its error is that of these samples alone, and means nothing where a few of them carry all the weight.
/// Immutable and safe to share between threads.
/// </remarks>
public sealed class ImportanceWeights
{
    // The last word of the counter parts this use of the generator from the others.
    private const uint Use = 0x77656967;

    private readonly double[] logWeights;
    private readonly double largest;
    private readonly double[] relative;
    private readonly double sum;
    private readonly double squares;

    /// <summary>Weights by their logarithms.</summary>
    /// <param name="logWeights">[samples]; negative infinity for a weight of 0. Copied.</param>
    /// <exception cref="InputException">There are none, one is NaN or infinite, or all weights are 0.</exception>
    public ImportanceWeights(Tensor logWeights)
        : this(new ReadOnlyMemory<double>(Values(logWeights)))
    {
    }

    /// <summary>The same of numbers.</summary>
    internal ImportanceWeights(ReadOnlyMemory<double> logWeights)
    {
        this.logWeights = logWeights.ToArray();
        int odd = Array.FindIndex(this.logWeights, value => double.IsNaN(value) || double.IsPositiveInfinity(value));
        if (odd >= 0)
        {
            throw new InputException(
                nameof(logWeights),
                FormattableString.Invariant($"{this.logWeights[odd]} for sample {odd}"),
                "finite, or negative infinity for a weight of 0",
                "Look for samples outside of the target's domain.");
        }

        largest = this.logWeights.DefaultIfEmpty(double.NegativeInfinity).Max();
        if (double.IsNegativeInfinity(largest))
        {
            throw new InputException(
                nameof(logWeights),
                this.logWeights.Length == 0 ? "none" : $"{this.logWeights.Length} weights that all vanish",
                "at least one that does not",
                "Samples and target do not overlap.");
        }

        relative = new double[this.logWeights.Length];
        for (int i = 0; i < relative.Length; i++)
        {
            double weight = Math.Exp(this.logWeights[i] - largest);
            relative[i] = weight;
            sum += weight;
            squares += weight * weight;
        }
    }

    /// <summary>The logarithms, one for each sample.</summary>
    public IReadOnlyList<double> LogWeights => logWeights;

    /// <summary>Number of samples.</summary>
    public int Count => logWeights.Length;

    /// <summary>The weights divided by their sum.</summary>
    public IReadOnlyList<double> Normalized => [.. relative.Select(weight => weight / sum)];

    /// <summary>
    /// How many samples of equal weight they are worth (Kish): <c>(sum w)^2 / sum w^2</c>, from 1 to <see cref="Count"/>.
    /// </summary>
    public double EffectiveSampleSize => sum * sum / squares;

    /// <summary><see cref="EffectiveSampleSize"/> as a fraction of <see cref="Count"/>.</summary>
    public double EffectiveFraction => EffectiveSampleSize / Count;

    /// <summary>The logarithm of the mean weight: log Z.</summary>
    public double LogZ => largest + Math.Log(sum / Count);

    /// <summary>
    /// The standard error of <see cref="LogZ"/>: that of the mean weight over it. NaN for one sample.
    /// </summary>
    public double LogZError
    {
        get
        {
            double mean = sum / Count;
            return Math.Sqrt(relative.Sum(weight => (weight - mean) * (weight - mean)) / (Count - 1) / Count) / mean;
        }
    }

    /// <summary>The weighted mean of values of the samples; its bias is of the order of 1 over their number.</summary>
    /// <param name="values">[samples, ...].</param>
    /// <returns>[...], in 64 bits.</returns>
    /// <exception cref="InputException">There are not as many as weights.</exception>
    public Tensor Mean(Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.dim() < 1 || values.shape[0] != Count)
        {
            throw new InputException(nameof(values), $"shape {Shapes.Text(values)}", $"[{Count}, ...], one for each weight");
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor weights = tensor([.. Normalized], [1L, Count], ScalarType.Float64, values.device);
        return weights.mm(values.to(ScalarType.Float64).reshape(Count, -1)).reshape(values.shape[1..]).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Which samples to take so that all count alike: systematic resampling, a sample of weight w as often as <c>count w</c> rounded up or
    /// down. For <see cref="Tensor.index_select(long, Tensor)"/>.
    /// </summary>
    /// <param name="count">How many to take. The default is <see cref="Count"/>.</param>
    /// <param name="seed">Of the one number that it draws. The default value is 0.</param>
    /// <returns>Their numbers, ascending.</returns>
    /// <exception cref="InputException">The count is less than 1.</exception>
    public long[] Resample(int? count = null, ulong seed = 0) =>
        count is null or >= 1
            ? Systematic(count ?? Count, Uniform(seed, 0, 0))
            : throw new InputException(nameof(count), $"{count}", "at least 1");

    /// <summary>
    /// The same with a number in [0, 1) given: of each position <c>(uniform + i)/count</c> the first sample at which the sum of the
    /// normalised weights reaches it.
    /// </summary>
    internal long[] Systematic(int count, double uniform)
    {
        long[] chosen = new long[count];
        double reached = relative[0] / sum;
        for (int i = 0, sample = 0; i < count; i++)
        {
            // Rounding may leave the last position beyond the whole sum, where the last sample that has a weight is meant.
            for (int next = sample + 1; reached < (uniform + i) / count && next < Count; next++)
            {
                reached += relative[next] / sum;
                sample = relative[next] > 0 ? next : sample;
            }

            chosen[i] = sample;
        }

        return chosen;
    }

    /// <summary>A number in [0, 1) of a seed, by its stream and the draw's number.</summary>
    internal static double Uniform(ulong seed, uint stream, uint draw)
    {
        (uint high, uint low, _, _) = Philox.Block(draw, 0, stream, Use, seed);
        return (((ulong)high << 21) | (low >> 11)) * (1.0 / (1UL << 53));
    }

    private static double[] Values(Tensor logWeights)
    {
        ArgumentNullException.ThrowIfNull(logWeights);
        if (logWeights.dim() != 1)
        {
            throw new InputException(nameof(logWeights), $"shape {Shapes.Text(logWeights)}", "[samples]");
        }

        using DisposeScope scope = NewDisposeScope();
        return logWeights.detach().to(ScalarType.Float64).cpu().contiguous().data<double>().ToArray();
    }
}
