using System.Diagnostics;
using System.Runtime;

namespace Costate.Benchmarks.Overhead;

/// <summary>The ratio of the times of two pieces of work, measured in turns.</summary>
/// <remarks>
/// By hand rather than with BenchmarkDotNet, which measures one piece of work to the end before the next: on a machine that others
/// use too, or whose clock changes, the drift over those minutes is larger than the few percent in question. In turns both see the
/// same machine. It is the time of the processor, not of the clock, so that waiting for it does not count. What disturbs a turn only makes
/// it longer, so the quicker turns tell more than the slower; their lower quartile is steadier than their minimum.
/// </remarks>
/// <param name="Work">Lower quartile of the times of the work in question.</param>
/// <param name="Reference">Lower quartile of the times of the work it is compared with.</param>
/// <param name="OfMedians">The ratio of the medians, as a check on <see cref="Value"/>.</param>
/// <param name="OfTurns">The ratio of each turn, rising: neighbours on the machine meet both of a turn alike.</param>
internal sealed record InterleavedRatio(TimeSpan Work, TimeSpan Reference, double OfMedians, IReadOnlyList<double> OfTurns)
{
    private const int WarmUps = 3;
    private const int ManyTurns = 20;

    // The runtime compiles a second time what has been called often, beside the work and at the cost of the same processor: most of it
    // in the first turns, the rest after dozens.
    private const int QuietTurns = 10;
    private static readonly TimeSpan LongestWarmUp = TimeSpan.FromSeconds(60);

    internal double Value => Work / Reference;

    /// <summary>The ratio of half of the turns is lower.</summary>
    internal double OfTurn(double fraction = 0.5) => OfTurns[(int)(fraction * OfTurns.Count)];

    /// <summary>Measures both in turns until the budget is used up.</summary>
    internal static InterleavedRatio Measure(Action work, Action reference, TimeSpan budget) =>
        Measure(work, reference, budget, WarmUps, QuietTurns, ManyTurns);

    /// <summary>The same for work of seconds, of which a few turns must do.</summary>
    internal static InterleavedRatio MeasureTurns(Action work, Action reference, int turns) =>
        Measure(work, reference, TimeSpan.Zero, warmUps: 1, quietTurns: 0, turns);

    private static InterleavedRatio Measure(
        Action work, Action reference, TimeSpan budget, int warmUps, int quietTurns, int fewestTurns)
    {
        int quiet = 0;
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < warmUps || (quiet < quietTurns && clock.Elapsed < LongestWarmUp); i++)
        {
            long compiled = JitInfo.GetCompiledMethodCount();
            work();
            reference();
            quiet = JitInfo.GetCompiledMethodCount() > compiled ? 0 : quiet + 1;
        }

        clock.Restart();
        List<TimeSpan> works = [];
        List<TimeSpan> references = [];
        while (works.Count < fewestTurns || clock.Elapsed < budget)
        {
            // Whoever goes second might find a warmer cache: they change places.
            if (works.Count % 2 == 0)
            {
                works.Add(Time(work));
                references.Add(Time(reference));
            }
            else
            {
                references.Add(Time(reference));
                works.Add(Time(work));
            }
        }

        double[] ofTurns = [.. works.Zip(references, (work, reference) => work / reference).Order()];
        return new(Quantile(works, 0.25), Quantile(references, 0.25), Quantile(works, 0.5) / Quantile(references, 0.5), ofTurns);
    }

    private static TimeSpan Time(Action action)
    {
        TimeSpan begin = Environment.CpuUsage.TotalTime;
        action();
        return Environment.CpuUsage.TotalTime - begin;
    }

    private static TimeSpan Quantile(List<TimeSpan> times, double fraction) => times.Order().ElementAt((int)(fraction * times.Count));
}
