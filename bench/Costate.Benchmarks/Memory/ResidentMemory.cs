using System.Globalization;

namespace Costate.Benchmarks.Memory;

/// <summary>The memory of this process that is in RAM, as Linux counts it.</summary>
internal static class ResidentMemory
{
    internal static long CurrentBytes => Read("VmRSS:");

    internal static long PeakBytes => Read("VmHWM:");

    /// <summary>Lets the peak begin anew from what is resident now.</summary>
    internal static void ResetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");

    private static long Read(string field)
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
