using System.Globalization;
using System.Runtime.InteropServices;

namespace Costate;

/// <summary>What memory this process has allocated outside the managed heap, and what is left for it on this machine.</summary>
internal static class MachineMemory
{
    // Version 1 of control groups has a number for no limit, in whole pages.
    private const long NoLimit = long.MaxValue - (1 << 20);

    private static readonly Lazy<bool> Counts = new(CountsAllocations);

    /// <summary>
    /// Bytes that native code has allocated: glibc's own count, which falls as soon as something is freed; elsewhere the resident set.
    /// </summary>
    internal static long Allocated() => Counts.Value ? FromGlibc() : Environment.WorkingSet;

    /// <summary>
    /// Bytes that this process can still take: what the system has available, and no more than is left of the limits of its control
    /// groups (containers).
    /// </summary>
    /// <param name="root">Where <c>proc</c> and <c>sys</c> lie.</param>
    internal static long Free(string root = "/")
    {
        long free = Available(root);
        foreach (Limit limit in Limits(root))
        {
            long left = limit.Bytes - limit.Used();
            free = left < free ? Math.Min(free, left + limit.Cached()) : free;
        }

        return Math.Max(0, free);
    }

    /// <summary>Bytes of memory that this process could have at most.</summary>
    /// <inheritdoc cref="Free"/>
    internal static long Total(string root = "/") => Limits(root).Select(limit => limit.Bytes).Append(Physical(root)).Min();

    private static long Available(string root) => Entry(Path.Combine(root, "proc/meminfo"), "MemAvailable:") * 1024
        ?? GC.GetGCMemoryInfo() switch { var info => info.TotalAvailableMemoryBytes - info.MemoryLoadBytes };

    private static long Physical(string root) => Entry(Path.Combine(root, "proc/meminfo"), "MemTotal:") * 1024
        ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    // Every group from that of the process up may have a limit of its own. Version 1 has a tree for memory alone, version 2 one for all.
    private static IEnumerable<Limit> Limits(string root)
    {
        string[] lines = Lines(Path.Combine(root, "proc/self/cgroup"));
        foreach (string[] parts in lines.Select(line => line.Split(':', 3)).Where(parts => parts.Length == 3))
        {
            bool unified = parts[1].Length == 0;
            if (!unified && !parts[1].Split(',').Contains("memory"))
            {
                continue;
            }

            string top = Path.Combine(root, unified ? "sys/fs/cgroup" : "sys/fs/cgroup/memory");
            for (string? group = parts[2].Trim('/'); group is not null; group = Path.GetDirectoryName(group))
            {
                string folder = Path.Combine(top, group);
                if (Number(Path.Combine(folder, unified ? "memory.max" : "memory.limit_in_bytes")) is long and < NoLimit and var bytes)
                {
                    yield return new Limit(bytes, folder, unified);
                }
            }
        }
    }

    private static long? Number(string file) => Lines(file) is [string line, ..] && Parse(line) is long number ? number : null;

    private static long? Entry(string file, string name) =>
        Lines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is string line
            ? Parse(line[name.Length..].Trim().Split(' ')[0])
            : null;

    private static long? Parse(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    private static string[] Lines(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllLines(file) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    // Another allocator in its place (jemalloc) leaves glibc's count where it was; other C libraries have none.
    private static unsafe bool CountsAllocations()
    {
        const int Size = 1 << 22;
        try
        {
            long before = FromGlibc();
            void* block = NativeMemory.Alloc(Size);
            long after = FromGlibc();
            NativeMemory.Free(block);
            return after - before >= Size / 2;
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            return false;
        }
    }

    private static long FromGlibc() => mallinfo2() switch { var info => (long)(info.Used + info.Mapped) };

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern Mallinfo mallinfo2();

    [StructLayout(LayoutKind.Explicit, Size = 10 * 8)]
    private readonly struct Mallinfo
    {
        /// <summary>hblkhd: blocks that were mapped by themselves.</summary>
        [FieldOffset(4 * 8)]
        internal readonly nuint Mapped;

        /// <summary>uordblks: blocks within the heaps.</summary>
        [FieldOffset(7 * 8)]
        internal readonly nuint Used;
    }

    /// <summary>That of a control group.</summary>
    private readonly record struct Limit(long Bytes, string Folder, bool IsUnified)
    {
        internal long Used() => Number(Path.Combine(Folder, IsUnified ? "memory.current" : "memory.usage_in_bytes")) ?? 0;

        // What files have left in memory is given back when it is needed. The kernel takes long to add it up.
        internal long Cached() => Entry(Path.Combine(Folder, "memory.stat"), IsUnified ? "inactive_file" : "total_inactive_file") ?? 0;
    }
}
