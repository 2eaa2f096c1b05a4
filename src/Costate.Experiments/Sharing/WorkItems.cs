namespace Costate.Experiments.Sharing;

/// <summary>Items that wait for a process to compute them, a few at a time. Dispose it: what it holds is then free for others.</summary>
/// <param name="total">How many items it has, those with results too.</param>
/// <param name="left">Those that lacked a result when the process began.</param>
internal abstract class WorkItems(int total, IReadOnlyList<int> left) : IDisposable
{
    private readonly Dictionary<int, string> notes = [];

    /// <summary>How many items it has, those with results too.</summary>
    internal int Total { get; private set; } = total;

    /// <summary>Those that lacked a result when the process began.</summary>
    internal IReadOnlyList<int> Left { get; private set; } = left;

    /// <summary>How many of these are finished, by this process or by another.</summary>
    internal int Finished { get; private protected set; }

    /// <summary>What was noted of items for which there is no result.</summary>
    internal virtual IReadOnlyDictionary<int, string> Notes => notes;

    /// <summary>How much of all is done, with a share of a group that is being computed.</summary>
    internal double Share(double within, int group) => Left.Count == 0 ? 1 : Math.Min(1, (Finished + (within * group)) / Left.Count);

    /// <summary>Items to compute now. A group is finished when the next is asked for.</summary>
    /// <param name="together">How many, at most.</param>
    /// <param name="cancellationToken">Ends waiting.</param>
    internal abstract IEnumerable<int[]> Groups(int together, CancellationToken cancellationToken);

    /// <summary>
    /// Turns to others, which nobody could name before the first were finished. Their numbers are none of the first: processes that
    /// lease items may be at either.
    /// </summary>
    /// <param name="more">How many these are, those with results too.</param>
    /// <param name="lacking">Those that lack a result.</param>
    internal void TurnTo(int more, IReadOnlyList<int> lacking) => (Total, Left, Finished) = (more, lacking, 0);

    /// <summary>Notes of an item of the group that is being computed why there will be no result.</summary>
    internal void Note(int item, string text) => notes[item] = text;

    /// <summary>Sums all up, once, after the last item.</summary>
    /// <returns>Whether this process has done it; another has if not.</returns>
    internal abstract bool Conclude(Action sum, CancellationToken cancellationToken);

    public virtual void Dispose()
    {
    }
}
