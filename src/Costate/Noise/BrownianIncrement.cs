using System.Runtime.Intrinsics;

namespace Costate;

/// <summary>
/// What a scheme needs to know of a Brownian path over an interval [a, b] of length h: the increment <c>W = W(b) - W(a)</c>, of variance
/// h, and the space-time Levy area <c>H = 1/h int_a^b (W(s) - W(a) - (s - a)/h W) ds</c>, of variance h/12 and independent of W. Those of
/// four elements, of which each has a path of its own.
/// </summary>
internal readonly record struct BrownianIncrement(double Length, Vector256<double> W, Vector256<double> H)
{
    /// <summary>
    /// The same stretch from its end to its start: W changes its sign. H does not, because it is the mean of the path less its chord, which
    /// are the same curve and the same chord either way. <see cref="ExponentialIncrement"/> and noise prediction, whose clock falls, rely
    /// on it.
    /// </summary>
    internal BrownianIncrement Reversed => this with { W = -W };

    /// <summary>Chen's relation: the interval made of two neighbours.</summary>
    internal static BrownianIncrement Join(BrownianIncrement first, BrownianIncrement second)
    {
        if (first.Length == 0 || second.Length == 0)
        {
            return first.Length == 0 ? second : first;
        }

        double length = first.Length + second.Length;
        (double a, double b) = (first.Length / length, second.Length / length);
        return new(length, first.W + second.W, (a * first.H) + (b * second.H) + (((b * first.W) - (a * second.W)) * 0.5));
    }
}
