using System.Globalization;

namespace Costate.Experiments.Sharing;

/// <summary>How the items of a command are divided among processes, as a user says it.</summary>
/// <param name="Part">The part that this process takes; null if processes lease items from each other in one folder.</param>
/// <param name="Told">What there is to tell the user at the start; null if nothing.</param>
internal sealed record Division(Shard? Part, string? Told = null)
{
    /// <summary>One process computes all.</summary>
    internal static Division None { get; } = new(Shard.Whole);

    private const string Dynamic = "dynamic";
    private const string Auto = "auto";

    /// <summary>How the help names what may be said.</summary>
    internal const string Form = $"K/N|{Auto}|{Auto}/N|{Dynamic}";

    /// <summary>What the results in the folder are.</summary>
    internal Shard Shard => Part ?? Shard.Whole;

    /// <summary>Whether others may work in the same folder.</summary>
    internal bool IsShared => Part is null;

    /// <summary>Of leases, where there are any.</summary>
    internal LeaseTimes? Times { get; init; }

    /// <param name="text">A part, <c>auto</c>, <c>auto/N</c> or <c>dynamic</c>.</param>
    /// <param name="environment">Variables of the environment by their names, which <c>auto</c> and <c>dynamic</c> read.</param>
    /// <exception cref="InputException">It is none of these, or there is no array job, several, or one that cannot be.</exception>
    internal static Division Parse(string text, Func<string, string?> environment)
    {
        switch (text.Split('/'))
        {
            case [Dynamic]:
                LeaseTimes times = LeaseTimes.Of(environment);
                string told = $"items are leased: a process that stands still for {times.Lapse.TotalSeconds:0} s loses its own to others";
                return new Division(Part: null, told) { Times = times };
            case [Auto]:
                return Of(ArrayJob.Find(text, parts: null, environment));
            case [Auto, var count]
                when int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n is >= 1 and <= Shard.Most:
                return Of(ArrayJob.Find(text, n, environment));
            default:
                return new Division(Shard.Parse(text));
        }

        static Division Of((Shard Part, string Found) job) => new(job.Part, $"shard {job.Part}: {job.Found}");
    }

    /// <summary>The items that this process computes, or may compute.</summary>
    /// <param name="folder">Where their results are.</param>
    /// <param name="plan">What the processes that share the folder must have in common.</param>
    /// <param name="all">How many items all parts have.</param>
    /// <param name="lacks">Whether an item lacks a result.</param>
    /// <exception cref="InvalidDataException">The folder is shared by processes of another plan, or cannot be shared.</exception>
    internal WorkItems Open(string folder, string plan, int all, Func<int, bool> lacks)
    {
        int[] its = [.. Enumerable.Range(0, all).Where(Shard.Has)], left = [.. its.Where(lacks)];
        return Times is null ? new OwnItems(its.Length, left) : new LeasedItems(its.Length, left, LeaseFolder.Join(folder, plan, Times));
    }
}
