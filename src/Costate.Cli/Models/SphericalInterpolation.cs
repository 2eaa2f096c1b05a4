using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Models;

/// <summary>
/// Interpolation along a great circle (Shoemake 1985), which keeps the length of noise where a straight line would shorten it:
/// <c>(sin((1 - w) angle) a + sin(w angle) b)/sin(angle)</c>.
/// </summary>
internal static class SphericalInterpolation
{
    // Nearer than this to one line, the great circle is not defined and the chord serves.
    private const double LeastSine = 1e-6;

    /// <summary>Between two latents, the items of a state.</summary>
    /// <param name="state">Two items.</param>
    /// <param name="count">How many on the way, both ends included; at least 2.</param>
    /// <remarks>
    /// Both states of a reversible solver are combined with the same weights, those of the first: what holds them together is linear.
    /// Noise vectors have angles of their own.
    /// </remarks>
    internal static NoiseState Between(NoiseState state, int count)
    {
        double angle = Angle(state.States[0][0], state.States[0][1]);
        double[] ws = Weights(count);
        Tensor[] Along(IReadOnlyList<Tensor> pairs) => [.. pairs.Select(s => stack([.. ws.Select(w => At(s[0], s[1], angle, w))]))];
        return new NoiseState(
            Along(state.States), state.NoiseVectors is Tensor vectors ? Vectors(vectors, ws) : null, state.Dtype, state.Settings, state.Remainders is null ? null : Along(state.Remainders));
    }

    /// <summary>Even weights from 0 to 1.</summary>
    internal static double[] Weights(int count) => [.. Enumerable.Range(0, count).Select(i => (double)i / (count - 1))];

    internal static double Angle(Tensor a, Tensor b)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor p, Tensor q) = (a.reshape(-1).to(ScalarType.Float64), b.reshape(-1).to(ScalarType.Float64));
        double cosine = (p.dot(q) / (p.norm() * q.norm())).item<double>();
        return double.IsNaN(cosine) ? 0 : Math.Acos(Math.Clamp(cosine, -1, 1));
    }

    internal static Tensor At(Tensor a, Tensor b, double angle, double w)
    {
        double sine = Math.Sin(angle);
        return sine < LeastSine
            ? a.mul(1 - w).add_(b, w)
            : a.mul(Math.Sin((1 - w) * angle) / sine).add_(b, Math.Sin(w * angle) / sine);
    }

    // [steps, 2, ...] to [steps, count, ...].
    private static Tensor Vectors(Tensor vectors, double[] ws) => stack([.. Enumerable.Range(0, (int)vectors.shape[0]).Select(step =>
    {
        (Tensor a, Tensor b) = (vectors[step][0], vectors[step][1]);
        double angle = Angle(a, b);
        return stack([.. ws.Select(w => At(a, b, angle, w))]);
    })]);
}
