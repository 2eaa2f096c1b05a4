using System.Runtime.InteropServices;
using Costate.Faces.Reports;

namespace Costate.Faces.Machines;

/// <summary>The machine that the tool runs on, as far as it can be known without torch.</summary>
internal static class Machine
{
    // One morph peaks at 0.3 GB; more of them at once, and training, at some times that.
    private const double LeastMemory = 1e9;

    private static readonly string[] AllocatorVariables =
    [
        "MALLOC_ARENA_MAX",
        "MALLOC_MMAP_THRESHOLD_",
        "MALLOC_TRIM_THRESHOLD_",
        "MALLOC_TOP_PAD_",
    ];

    internal static IEnumerable<Finding> Look()
    {
        yield return new("tool", $"costate {ToolVersion.Version} on {RuntimeInformation.FrameworkDescription}");
        yield return new("system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.RuntimeIdentifier}");
        yield return new("processor", $"{Processor()}, {Environment.ProcessorCount} core{(Environment.ProcessorCount == 1 ? "" : "s")}");
        yield return Memory(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        yield return new("allocator", OperatingSystem.IsLinux() ? Allocator() : "the system's own");
        yield return new("waiting threads", WaitPolicy());
    }

    internal static Finding Memory(double bytes) => new(
        "memory",
        $"{bytes / 1e9:0.0} GB for this process",
            bytes < LeastMemory
                ? "The embedded model wants 1 GB. Give the container or the machine more, or make batches and groups smaller."
                : null);

    private static string Processor()
    {
        try
        {
            const string Key = "model name";
            string? line = OperatingSystem.IsLinux()
                ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith(Key, StringComparison.Ordinal))
                : null;
            if (line is not null)
            {
                return line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not told.
        }

        return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? $"{RuntimeInformation.ProcessArchitecture}";
    }

    private static string Allocator()
    {
        string[] set =
        [
            .. AllocatorVariables
                .Select(name => (name, value: Environment.GetEnvironmentVariable(name)))
                .Where(v => v.value is not null)
                .Select(v => $"{v.name}={v.value}"),
        ];
        return "the tool keeps freed tensors for the "
            + $"next{(set.Length == 0 ? "; no MALLOC_ variable is set" : $"; of yours: {string.Join(", ", set)}")}";
    }

    // The tool's own setting is made below .NET, which does not see it.
    private static string WaitPolicy() => Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is string policy
        ? $"OMP_WAIT_POLICY={policy}, yours"
        : OperatingSystem.IsLinux() ? "OMP_WAIT_POLICY=passive, set by the tool: they sleep" : "the system's own way";
}
