using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Costate.Experiments.Sharing;

/// <summary>
/// Leases of items among processes that share a folder, by files alone. The lease of an item is a file of its number and a generation,
/// <c>12.0</c>, that holds the name of its process and is created exclusively: of several one has it. Whoever finds its process dead
/// creates the next generation, <c>12.1</c>, exclusively again, so that of several observers one takes the item over, and none an item that
/// was taken over meanwhile. What is finished is <c>12.done</c>, or <c>12.noted</c> where there is no result but a text. No lease is ever
/// changed or removed, but all together by who sums up.
/// </summary>
internal sealed class LeaseFolder : IDisposable
{
    private const string Root = ".leases";
    private const string Workers = "workers";
    private const string Done = "done";
    private const string Noted = "noted";
    private const int NameBytes = 8;

    private readonly string path;
    private readonly string worker = $"{Environment.MachineName}-{Environment.ProcessId}-{Path.GetRandomFileName()}";
    private readonly Heartbeat heartbeat;
    private readonly Observer observer;
    private readonly Dictionary<string, string> owners = [];

    private LeaseFolder(string folder, string path, LeaseTimes times, TimeProvider time)
    {
        FullName = folder;
        this.path = path;
        Times = times;
        observer = new Observer(times.Lapse, time);
        heartbeat = new Heartbeat(Path.Combine(path, Workers, worker), times.Beat);
    }

    /// <summary>The folder that is shared.</summary>
    internal string FullName { get; }

    internal LeaseTimes Times { get; }

    /// <summary>Becomes one of the processes that share a folder.</summary>
    /// <param name="folder">It is there.</param>
    /// <param name="plan">What they must have in common: items, methods, settings.</param>
    /// <param name="times">Of heartbeats.</param>
    /// <param name="time">A clock; that of the system if null.</param>
    /// <exception cref="InvalidDataException">Others share it for something else, or it cannot be shared.</exception>
    internal static LeaseFolder Join(string folder, string plan, LeaseTimes times, TimeProvider? time = null)
    {
        string root = Directory.CreateDirectory(Path.Combine(folder, Root)).FullName;
        SharedFiles.Check(folder, root);
        string name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(plan)))[..(2 * NameBytes)];
        string path = Path.Combine(root, name);
        RequireAlone(folder, root, name);
        Directory.CreateDirectory(Path.Combine(path, Workers));
        try
        {
            // Again: two may have begun in one moment, of which neither then goes on.
            RequireAlone(folder, root, name);
        }
        catch (InvalidDataException) when (!Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Any())
        {
            Directory.Delete(path, recursive: true);
            throw;
        }

        return new LeaseFolder(Path.GetFullPath(folder), path, times, time ?? TimeProvider.System);
    }

    /// <summary>All leases there are; null if all is done and somebody has summed up.</summary>
    internal Dictionary<string, Lease>? Read()
    {
        try
        {
            var leases = new Dictionary<string, Lease>();
            foreach (string file in Directory.EnumerateFiles(path))
            {
                string[] parts = Path.GetFileName(file).Split('.');
                Lease lease = leases.GetValueOrDefault(parts[0]);
                leases[parts[0]] = parts[1] is Done or Noted
                    ? lease with { IsDone = true, IsNoted = parts[1] == Noted }
                    : lease with { Generations = Math.Max(lease.Generations, 1 + int.Parse(parts[1], CultureInfo.InvariantCulture)) };
            }

            return leases;
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Leases an item in its next generation.</summary>
    /// <param name="item">Which.</param>
    /// <param name="generations">How many it has had.</param>
    /// <returns>Whether this process has it now.</returns>
    internal bool TryTake(string item, int generations = 0)
    {
        // Created while another removed all leases, it may lie in the folder that has gone.
        string lease = FileOf(item, generations);
        return SharedFiles.TryCreate(lease, Encoding.UTF8.GetBytes(worker)) && File.Exists(lease);
    }

    /// <summary>Whether who holds an item has left, or is dead as far as can be seen.</summary>
    internal bool IsForsaken(string item, int generations)
    {
        string lease = FileOf(item, generations - 1);
        if (!owners.TryGetValue(lease, out string? owner) && SharedFiles.Read(lease) is byte[] { Length: > 0 } name)
        {
            owners[lease] = owner = Encoding.UTF8.GetString(name);
        }

        // A process that was killed before it could write its name has no counter: the lease itself stands still.
        return owner is null ? observer.StandsStill(lease, "")
            : SharedFiles.Read(Path.Combine(path, Workers, owner)) is not byte[] beat
                || observer.StandsStill(owner, Convert.ToHexString(beat));
    }

    /// <summary>Marks an item as finished.</summary>
    /// <param name="item">Which.</param>
    /// <param name="note">Why it has no result; null if it has one.</param>
    internal void Finish(string item, string? note)
    {
        // Another may have taken it over from a process that was asleep, and have finished it, or even summed up all.
        SharedFiles.TryCreate(Path.Combine(path, $"{item}.{(note is null ? Done : Noted)}"), Encoding.UTF8.GetBytes(note ?? ""));
    }

    /// <summary>What was noted of an item.</summary>
    internal string Note(string item) => Encoding.UTF8.GetString(SharedFiles.Read(Path.Combine(path, $"{item}.{Noted}")) ?? []);

    /// <summary>Removes all leases, which tells all others that all is done.</summary>
    internal void Remove()
    {
        // At once, under another name, before it takes the time that it takes.
        string away = Path.Combine(Path.GetDirectoryName(path)!, $"{SharedFiles.Aside}{worker}");
        try
        {
            Directory.Move(path, away);
        }
        catch (DirectoryNotFoundException)
        {
            // Another took this one for dead, and has done it.
            return;
        }

        SharedFiles.Delete(away);
    }

    public void Dispose() => heartbeat.Dispose();

    private static void RequireAlone(string folder, string root, string name)
    {
        IEnumerable<string> plans = Directory.EnumerateDirectories(root).Select(there => Path.GetFileName(there));
        if (plans.Any(there => there[0] != SharedFiles.Aside && there != name))
        {
            throw new InvalidDataException(
                $"Other items, methods or settings are being computed in the folder '{folder}'; expected the same of all processes that "
                    + $"share it. Wait until they are done; if none of them runs any more, start one as before, or remove '{root}'.");
        }
    }

    private string FileOf(string item, int generation) => Path.Combine(path, FormattableString.Invariant($"{item}.{generation}"));
}

/// <summary>What is known of an item.</summary>
/// <param name="Generations">How many processes have leased it, one after the other.</param>
/// <param name="IsDone">Whether it is finished.</param>
/// <param name="IsNoted">Whether there is a note of it.</param>
internal readonly record struct Lease(int Generations, bool IsDone, bool IsNoted);
