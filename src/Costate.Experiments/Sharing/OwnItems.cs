namespace Costate.Experiments.Sharing;

/// <summary>Items of one process alone.</summary>
internal sealed class OwnItems(int total, IReadOnlyList<int> left) : WorkItems(total, left)
{
    internal override IEnumerable<int[]> Groups(int together, CancellationToken cancellationToken)
    {
        foreach (int[] group in Left.Chunk(together))
        {
            yield return group;
            Finished += group.Length;
        }
    }

    internal override bool Conclude(Action sum, CancellationToken cancellationToken)
    {
        sum();
        return true;
    }
}
