namespace Costate;

/// <summary>A curve in time through knots, linear in what stands at them: its value anywhere is a combination of theirs.</summary>
internal sealed class KnotCurve
{
    private readonly double[] times;
    private readonly bool rises;

    // The second derivative at each knot as a combination of the values; null of a curve of straight pieces.
    private readonly double[][]? bends;

    /// <summary>Through knots at times that rise or fall strictly.</summary>
    internal KnotCurve(IReadOnlyList<double> times, Interpolation interpolation)
    {
        rises = times[^1] > times[0];
        this.times = [.. rises ? times : times.Reverse()];
        bends = interpolation == Interpolation.Cubic ? Bends(this.times) : null;
    }

    /// <summary>The time of the first knot.</summary>
    internal double First => times[0];

    /// <summary>The time of the last knot.</summary>
    internal double Last => times[^1];

    /// <summary>The number of knots.</summary>
    internal int Count => times.Length;

    /// <summary>The weight of each knot's value in the curve at a time, in the order in which the knots were given.</summary>
    internal double[] Weights(double time) => At(time, slope: false);

    /// <summary>The same of its derivative in time; between two straight pieces that of the earlier one in time.</summary>
    internal double[] Slopes(double time) => At(time, slope: true);

    private double[] At(double time, bool slope)
    {
        int j = Math.Clamp(Array.FindIndex(times, t => t >= time) - 1, 0, times.Length - 2);
        (double left, double right, double h) = (times[j + 1] - time, time - times[j], times[j + 1] - times[j]);
        double[] weights = new double[times.Length];
        (weights[j], weights[j + 1]) = slope ? (-1 / h, 1 / h) : (left / h, right / h);
        for (int k = 0; bends is not null && k < weights.Length; k++)
        {
            (double here, double next) = (bends[j][k], bends[j + 1][k]);
            weights[k] += slope
                ? (((-3 * left * left) + (h * h)) * here / (6 * h)) + (((3 * right * right) - (h * h)) * next / (6 * h))
                : (left * ((left * left) - (h * h)) * here / (6 * h)) + (right * ((right * right) - (h * h)) * next / (6 * h));
        }

        return rises ? weights : [.. weights.Reverse()];
    }

    // A natural cubic spline: h_(j-1) M_(j-1) + 2 (h_(j-1) + h_j) M_j + h_j M_(j+1) = 6 (slope_j - slope_(j-1)), M = 0 at the ends.
    private static double[][] Bends(double[] times)
    {
        int n = times.Length;
        double[] h = [.. times.Zip(times.Skip(1), (a, b) => b - a)];
        double[][] found = [.. Enumerable.Range(0, n).Select(_ => new double[n])];
        double[] diagonal = new double[n];
        for (int j = 1; j < n - 1; j++)
        {
            double eliminated = j > 1 ? h[j - 1] / diagonal[j - 1] : 0;
            diagonal[j] = (2 * (h[j - 1] + h[j])) - (eliminated * h[j - 1]);
            found[j][j - 1] += 6 / h[j - 1];
            found[j][j] -= (6 / h[j - 1]) + (6 / h[j]);
            found[j][j + 1] += 6 / h[j];
            for (int k = 0; k < n; k++)
            {
                found[j][k] -= eliminated * found[j - 1][k];
            }
        }

        for (int j = n - 2; j > 0; j--)
        {
            for (int k = 0; k < n; k++)
            {
                found[j][k] = (found[j][k] - (h[j] * found[j + 1][k])) / diagonal[j];
            }
        }

        return found;
    }
}
