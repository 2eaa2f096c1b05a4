namespace Costate;

/// <summary>The times at which a sampler stands: <c>Steps + 1</c> of them, from the start (noise) to the end (data).</summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public sealed class TimeGrid
{
    private readonly double[] times;
    private readonly double[] networkTimes;

    private TimeGrid(double[] times, double[] networkTimes)
    {
        this.times = times;
        this.networkTimes = networkTimes;
    }

    /// <summary>The times, strictly falling (strictly rising for a <see cref="Reversed"/> grid), each in [0, 1].</summary>
    public IReadOnlyList<double> Times => times;

    /// <summary>
    /// The time that the network is told at each point, in [0, 1]. It equals <see cref="Times"/> unless the grid copies a
    /// published scheduler that rounds the network's time or tells it another one.
    /// </summary>
    public IReadOnlyList<double> NetworkTimes => networkTimes;

    /// <summary>Number of steps (intervals).</summary>
    public int Steps => times.Length - 1;

    /// <summary>The first time.</summary>
    public double Start => times[0];

    /// <summary>The last time.</summary>
    public double End => times[^1];

    /// <summary>Whether the times rise, from data to noise, as deterministic inversion needs them.</summary>
    public bool TowardsNoise => times[^1] > times[0];

    /// <summary>Equal steps in time.</summary>
    /// <param name="steps">Number of steps, at least 1.</param>
    /// <param name="start">First time. The default value is 1.</param>
    /// <param name="end">Last time, below <paramref name="start"/>. The default value is 0.001.</param>
    /// <exception cref="ArgumentException">The ends are not in falling order within [0, 1].</exception>
    public static TimeGrid Uniform(int steps, double start = 1, double end = 1e-3) =>
        FromTimes(Points(steps, start, end, u => start + (u * (end - start))));

    /// <summary>
    /// Steps that shrink linearly towards the data: equal steps in the square root of time (Song et al. 2021, appendix D).
    /// </summary>
    /// <inheritdoc cref="Uniform"/>
    public static TimeGrid Quadratic(int steps, double start = 1, double end = 1e-3)
    {
        (double a, double b) = (Math.Sqrt(start), Math.Sqrt(end));
        return FromTimes(Points(steps, start, end, u => Math.Pow(a + (u * (b - a)), 2)));
    }

    /// <summary>
    /// Equal steps in the half log-SNR (Lu et al. 2022); the same points as the "Lu" and "exponential" sigmas of other libraries.
    /// </summary>
    /// <inheritdoc cref="Uniform"/>
    /// <param name="schedule">The schedule that defines the half log-SNR.</param>
    /// <param name="steps">Number of steps, at least 1.</param>
    /// <param name="start">First time. The default value is 1.</param>
    /// <param name="end">Last time, below <paramref name="start"/>. The default value is 0.001.</param>
    public static TimeGrid UniformLogSnr(NoiseSchedule schedule, int steps, double start = 1, double end = 1e-3)
    {
        (double first, double last) = FiniteEnds(schedule, start, end);
        return FromTimes(Points(steps, start, end, u => schedule.TimeAtHalfLogSnr(first + (u * (last - first)))));
    }

    /// <summary>Equal steps in <c>(sigma/alpha)^(1/rho)</c> (Karras et al. 2022, eq. 5).</summary>
    /// <inheritdoc cref="UniformLogSnr"/>
    /// <param name="schedule">The schedule that defines sigma/alpha.</param>
    /// <param name="steps">Number of steps, at least 1.</param>
    /// <param name="start">First time. The default value is 1.</param>
    /// <param name="end">Last time, below <paramref name="start"/>. The default value is 0.001.</param>
    /// <param name="rho">Concentrates the steps near the data. The default value is 7.</param>
    public static TimeGrid Karras(NoiseSchedule schedule, int steps, double start = 1, double end = 1e-3, double rho = 7)
    {
        if (!(rho > 0))
        {
            throw new ArgumentOutOfRangeException(nameof(rho), rho, $"Got rho {rho}; it must be positive.");
        }

        (double first, double last) = FiniteEnds(schedule, start, end);
        (double a, double b) = (Math.Exp(-first / rho), Math.Exp(-last / rho));
        return FromTimes(Points(steps, start, end, u => schedule.TimeAtHalfLogSnr(-rho * Math.Log(a + (u * (b - a))))));
    }

    /// <summary>A grid of times of your own.</summary>
    /// <param name="times">At least two times in [0, 1], strictly falling.</param>
    /// <exception cref="ArgumentException">There are fewer than two times, or one leaves [0, 1] or does not fall; the message names
    /// it.</exception>
    public static TimeGrid FromTimes(double[] times)
    {
        ArgumentNullException.ThrowIfNull(times);
        return FromTimes(times, times);
    }

    /// <summary>A grid of times of your own, with the times that the network is told.</summary>
    /// <param name="times">At least two times in [0, 1], strictly falling.</param>
    /// <param name="networkTimes">As many finite times for the network.</param>
    /// <exception cref="ArgumentException">As for <see cref="FromTimes(double[])"/>, or the counts differ, or a network time is not
    /// finite.</exception>
    public static TimeGrid FromTimes(double[] times, double[] networkTimes)
    {
        ArgumentNullException.ThrowIfNull(times);
        ArgumentNullException.ThrowIfNull(networkTimes);
        if (times.Length < 2)
        {
            throw new ArgumentException($"Got {times.Length} times; a grid has at least two, its start and its end.", nameof(times));
        }

        for (int i = 0; i < times.Length; i++)
        {
            if (!(times[i] is >= 0 and <= 1))
            {
                throw new ArgumentException(
                    $"Got time {times[i]} at position {i}; the times of a grid lie in [0, 1], 0 being data and 1 noise.",
                    nameof(times));
            }

            if (i > 0 && !(times[i] < times[i - 1]))
            {
                throw new ArgumentException(
                    $"Got time {times[i]} at position {i} after {times[i - 1]}; the times of a grid fall strictly. "
                        + $"Use {nameof(Reversed)}() for a grid from data to noise.",
                    nameof(times));
            }
        }

        if (networkTimes.Length != times.Length || !networkTimes.All(double.IsFinite))
        {
            throw new ArgumentException(
                $"Got {networkTimes.Length} network times for {times.Length} times; give one finite number for each.",
                nameof(networkTimes));
        }

        return new TimeGrid([.. times], [.. networkTimes]);
    }

    /// <summary>The same times in the opposite order: from data to noise, for deterministic inversion.</summary>
    public TimeGrid Reversed() => new([.. times.Reverse()], [.. networkTimes.Reverse()]);

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Steps} steps from {Start:R} to {End:R}");

    /// <summary>The grid with one of its points moved, and with it what the network is told there; it must not pass another.</summary>
    internal TimeGrid Moved(int index, double shift)
    {
        (double[] moved, double[] told) = ([.. times], [.. networkTimes]);
        moved[index] += shift;
        told[index] += shift;
        return new TimeGrid(moved, told);
    }

    /// <summary>
    /// A grid with the same ends and another number of steps, its points placed by index between the points of this one: linearly in
    /// the half log-SNR, or in time next to an end where that is infinite.
    /// </summary>
    internal TimeGrid Resampled(NoiseSchedule schedule, int steps)
    {
        double[] newTimes = new double[steps + 1];
        double[] told = new double[steps + 1];
        for (int i = 0; i <= steps; i++)
        {
            double position = (double)i * Steps / steps;
            int left = Math.Min((int)position, Steps - 1);
            double fraction = position - left;
            newTimes[i] = fraction == 0 ? times[left] : fraction == 1 ? times[left + 1] : Between(schedule, left, fraction);
            told[i] = NetworkTimeAt(left, newTimes[i]);
        }

        return new TimeGrid(newTimes, told);
    }

    /// <summary>The grid from one of its points on, its end moved if asked for.</summary>
    internal TimeGrid Remaining(int index, double? end)
    {
        if (index < 0 || index >= Steps)
        {
            throw new ArgumentOutOfRangeException(
                nameof(index),
                index,
                $"Got point {index} of a grid of {Steps} steps; it must be one before the end.");
        }

        (double[] remaining, double[] told) = (times[index..], networkTimes[index..]);
        if (end is double moved && moved != remaining[^1])
        {
            // Points that the new end has passed are left out.
            int kept = Math.Max(1, remaining.Take(remaining.Length - 1).Count(t => t > moved));
            (remaining, told) = ([.. remaining[..kept], moved], [.. told[..kept], moved]);
        }

        return FromTimes(remaining, told);
    }

    /// <summary>The time that the network is told inside an interval: the time itself, shifted as the ends of the interval are.</summary>
    internal double NetworkTimeAt(int interval, double time)
    {
        (double a, double b) = (times[interval], times[interval + 1]);
        double fraction = (time - a) / (b - a);
        return time + ((1 - fraction) * (networkTimes[interval] - a)) + (fraction * (networkTimes[interval + 1] - b));
    }

    private double Between(NoiseSchedule schedule, int left, double fraction)
    {
        (double a, double b) = (schedule.HalfLogSnr(times[left]), schedule.HalfLogSnr(times[left + 1]));
        return double.IsFinite(a) && double.IsFinite(b)
            ? schedule.TimeAtHalfLogSnr(a + (fraction * (b - a)))
            : times[left] + (fraction * (times[left + 1] - times[left]));
    }

    private static double[] Points(int steps, double start, double end, Func<double, double> at)
    {
        if (steps < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(steps), steps, $"Got {steps} steps; a grid has at least one.");
        }

        double[] times = new double[steps + 1];
        times[0] = start;
        times[steps] = end;
        for (int i = 1; i < steps; i++)
        {
            times[i] = at((double)i / steps);
        }

        return times;
    }

    private static (double First, double Last) FiniteEnds(NoiseSchedule schedule, double start, double end)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        (double first, double last) = (schedule.HalfLogSnr(start), schedule.HalfLogSnr(end));
        return double.IsFinite(first) && double.IsFinite(last)
            ? (first, last)
            : throw new ArgumentException(
                $"The half log-SNR is {first} at time {start} and {last} at time {end}; this grid needs both finite. "
                    + $"Move the end that is infinite inwards, or use {nameof(Uniform)}.");
    }
}
