namespace Costate.Networks;

/// <summary>Sequences of training timesteps and of the numbers behind them.</summary>
internal static class Ramp
{
    /// <summary>Equally spaced numbers, both ends included; the start alone for a count of one.</summary>
    internal static double[] Linear(double start, double end, int count)
    {
        double[] values = new double[count];
        double step = count == 1 ? 0 : (end - start) / (count - 1);
        for (int i = 0; i < count; i++)
        {
            values[i] = i > 0 && i == count - 1 ? end : start + (i * step);
        }

        return values;
    }

    /// <summary>
    /// Spacing "linspace": timesteps from <paramref name="last"/> to 0, rounded (ties to even), the first <paramref name="count"/> of
    /// <paramref name="points"/>.
    /// </summary>
    internal static double[] Linspace(int last, int points, int count) =>
        [.. Linear(0, last, points).Reverse().Take(count).Select(x => Math.Round(x))];

    /// <summary>
    /// Spacing "leading": multiples of a whole step, falling, moved up by an offset; the last is <paramref name="skip"/> steps above 0.
    /// </summary>
    internal static double[] Leading(int step, int count, int skip, int offset) =>
        [.. Enumerable.Range(skip, count).Reverse().Select(i => (double)((long)i * step) + offset)];

    /// <summary>
    /// Spacing "trailing": from <paramref name="top"/> down in steps that need not be whole, rounded (ties to even), less 1.
    /// </summary>
    internal static double[] Trailing(int top, double step, int count) =>
        [.. Enumerable.Range(0, count).Select(i => Math.Round(top - (i * step)) - 1)];
}
