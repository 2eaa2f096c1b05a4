using System.Globalization;

namespace Costate.Experiments.Sharing;

/// <summary>How often the holder of a lease moves its counter, and how long one that stands still is believed in.</summary>
/// <param name="Beat">From one number to the next.</param>
/// <param name="Lapse">For so long an observer must have seen the same number before it takes the holder for dead.</param>
/// <param name="Look">How often a process that waits for others looks what they do.</param>
internal sealed record LeaseTimes(TimeSpan Beat, TimeSpan Lapse, TimeSpan Look)
{
    /// <summary>The variable of the environment that says another lapse, in seconds.</summary>
    internal const string Variable = "COSTATE_LEASE_SECONDS";

    private const int Beats = 18;

    // Network file systems may show what another machine has written up to a minute late.
    private const double Usual = 90;

    /// <summary>Beats that are many in a lapse.</summary>
    internal static LeaseTimes Of(TimeSpan lapse) =>
        new(lapse / Beats, lapse, TimeSpan.FromSeconds(Math.Min(1, lapse.TotalSeconds / Beats)));

    /// <exception cref="InputException">The variable says no number of seconds.</exception>
    internal static LeaseTimes Of(Func<string, string?> environment) => environment(Variable) is not { Length: > 0 } text
        ? Of(TimeSpan.FromSeconds(Usual))
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds is >= 1 and <= 86_400
            ? Of(TimeSpan.FromSeconds(seconds))
            : throw new InputException(Variable, text, "seconds from 1 to 86400");
}
