namespace Costate.Experiments.Sharing;

/// <summary>
/// Tells of counters whether they stand still: by its own clock from when it saw the number first, since the clocks of machines may differ
/// by minutes.
/// </summary>
/// <param name="lapse">How long is long enough.</param>
/// <param name="time">The clock.</param>
internal sealed class Observer(TimeSpan lapse, TimeProvider time)
{
    private readonly Dictionary<string, (string Seen, long Since)> counters = [];

    /// <summary>Whether a counter has shown the same for long.</summary>
    internal bool StandsStill(string name, string shown)
    {
        if (!counters.TryGetValue(name, out (string Seen, long Since) last) || last.Seen != shown)
        {
            counters[name] = (shown, time.GetTimestamp());
            return false;
        }

        return time.GetElapsedTime(last.Since) >= lapse;
    }
}
