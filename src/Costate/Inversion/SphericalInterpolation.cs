using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Interpolation along a great circle (Shoemake 1985), which keeps the length of noise where a straight line would shorten it:
/// <c>(sin((1 - w) angle) a + sin(w angle) b)/sin(angle)</c>. Vectors on one line, whose great circle is not defined, go along the chord.
/// </summary>
public static class SphericalInterpolation
{
    // Nearer than this to one line, the great circle is not defined and the chord serves.
    private const double LeastSine = 1e-6;

    /// <summary>Between the items of two batches, each item at its own angle.</summary>
    /// <param name="a">[batch, ...].</param>
    /// <param name="b">The same shape.</param>
    /// <param name="weight">0 for <paramref name="a"/>, 1 for <paramref name="b"/>.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static Tensor Between(Tensor a, Tensor b, double weight)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (a.dim() < 1 || !Shapes.Equal(a, b))
        {
            throw new ArgumentException(
                $"Got shapes {Shapes.Text(a)} and {Shapes.Text(b)}; expected two of [batch, ...] alike.",
                nameof(b));
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor[] items = [.. Enumerable.Range(0, (int)a.shape[0]).Select(i => At(a[i], b[i], Angle(a[i], b[i]), weight))];
        return stack(items).MoveToOuterDisposeScope();
    }

    /// <summary>Between two latents, the items of a state.</summary>
    /// <remarks>
    /// Both states of a reversible solver are combined with the same weights, those of the first: what holds them together is linear.
    /// Noise vectors have angles of their own.
    /// </remarks>
    /// <param name="state">Two items.</param>
    /// <param name="count">How many on the way, both ends included; at least 2.</param>
    /// <exception cref="ArgumentException">The state has another number of items, or fewer than two are wanted.</exception>
    public static NoiseState Between(NoiseState state, int count)
    {
        ArgumentNullException.ThrowIfNull(state);
        double[] weights = Weights(count);
        if (state.Start.shape[0] != 2)
        {
            throw new ArgumentException($"Got a state of {state.Start.shape[0]} items; expected two, the ends.", nameof(state));
        }

        using DisposeScope scope = NewDisposeScope();
        double angle = Angle(state.Start[0], state.Start[1]);
        NoiseState between = state switch
        {
            ReversibleNoise pair => new ReversibleNoise(
                [.. pair.States.Select(Along)], pair.Remainders?.Select(Along).ToArray(), state.Dtype, state.Settings),
            EncodedNoise { Vectors: Tensor v } => new EncodedNoise(
                Along(state.Start),
                stack([.. weights.Select(w => Between(v.select(1, 0), v.select(1, 1), w))], 1),
                state.Dtype,
                state.Settings),
            _ => new InvertedNoise(Along(state.Start), state.Dtype, state.Settings),
        };
        return between.MoveToOuterDisposeScope();

        Tensor Along(Tensor ends) => stack([.. weights.Select(w => At(ends[0], ends[1], angle, w))]);
    }

    /// <summary>Even weights from 0 to 1.</summary>
    /// <param name="count">How many; at least 2.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than two.</exception>
    public static double[] Weights(int count) => count >= 2
        ? [.. Enumerable.Range(0, count).Select(i => (double)i / (count - 1))]
        : throw new ArgumentOutOfRangeException(nameof(count), count, $"Got {count}; there are two ends at least.");

    internal static double Angle(Tensor a, Tensor b)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor p, Tensor q) = (a.reshape(-1).to(ScalarType.Float64), b.reshape(-1).to(ScalarType.Float64));
        double cosine = (p.dot(q) / (p.norm() * q.norm())).item<double>();
        return double.IsNaN(cosine) ? 0 : Math.Acos(Math.Clamp(cosine, -1, 1));
    }

    internal static Tensor At(Tensor a, Tensor b, double angle, double weight)
    {
        double sine = Math.Sin(angle);
        return sine < LeastSine
            ? a.Times(1 - weight).AddTimes(b, weight)
            : a.Times(Math.Sin((1 - weight) * angle) / sine).AddTimes(b, Math.Sin(weight * angle) / sine);
    }
}
