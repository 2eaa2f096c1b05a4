using System.Globalization;
using Costate.Faces.Files;

namespace Costate.Experiments.Sharing;

/// <summary>Items that any number of processes compute together, each of which comes and goes as it likes.</summary>
internal sealed class LeasedItems(int total, IReadOnlyList<int> left, LeaseFolder leases) : WorkItems(total, left)
{
    // Its lease is that of summing up.
    private const string Sum = "sum";

    private readonly Dictionary<int, string> others = [];

    internal override IReadOnlyDictionary<int, string> Notes => others;

    internal override IEnumerable<int[]> Groups(int together, CancellationToken cancellationToken)
    {
        Dictionary<string, Lease>? known = leases.Read();
        var free = new Queue<int>(Left.Where(item => known?.ContainsKey(Name(item)) != true));
        Finished = Left.Count(item => known?.GetValueOrDefault(Name(item)).IsDone == true);
        while (known is not null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            List<int> group = [];
            while (group.Count < together && free.TryDequeue(out int item))
            {
                if (leases.TryTake(Name(item)))
                {
                    group.Add(item);
                }
            }

            if (group.Count == 0)
            {
                // What is left is others'. Of those that are dead it is taken over.
                known = leases.Read();
                if (known is null)
                {
                    break;
                }

                int[] unfinished = [.. Left.Where(item => !known.GetValueOrDefault(Name(item)).IsDone)];
                Finished = Left.Count - unfinished.Length;
                if (unfinished.Length == 0)
                {
                    yield break;
                }

                group = [.. unfinished.Where(item => TakesOver(Name(item), known.GetValueOrDefault(Name(item)))).Take(together)];
            }

            if (group.Count == 0)
            {
                cancellationToken.WaitHandle.WaitOne(leases.Times.Look);
                continue;
            }

            yield return [.. group];
            foreach (int item in group)
            {
                leases.Finish(Name(item), base.Notes.GetValueOrDefault(item));
            }

            Finished += group.Count;
        }

        Finished = Left.Count;
    }

    internal override bool Conclude(Action sum, CancellationToken cancellationToken)
    {
        while (leases.Read() is Dictionary<string, Lease> known)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!TakesOver(Sum, known.GetValueOrDefault(Sum)))
            {
                cancellationToken.WaitHandle.WaitOne(leases.Times.Look);
                continue;
            }

            foreach ((string item, _) in known.Where(each => each.Value.IsNoted))
            {
                others[int.Parse(item, CultureInfo.InvariantCulture)] = leases.Note(item);
            }

            // What killed processes have left behind.
            FolderLock.RemoveUnfinished(leases.FullName);
            try
            {
                sum();
            }
            catch (InvalidDataException)
            {
                // A result is missing or damaged though its lease says that it is done: the next run shall compute it.
                leases.Remove();
                throw;
            }

            leases.Remove();
            return true;
        }

        return false;
    }

    public override void Dispose() => leases.Dispose();

    // What was never leased is free.
    private bool TakesOver(string item, Lease lease) =>
        (lease.Generations == 0 || leases.IsForsaken(item, lease.Generations)) && leases.TryTake(item, lease.Generations);

    private static string Name(int item) => item.ToString("D5", CultureInfo.InvariantCulture);
}
