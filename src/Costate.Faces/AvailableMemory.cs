using System.Globalization;

namespace Costate.Faces;

/// <summary>Refuses what surely does not fit into memory: the system would end the process without a word.</summary>
internal static class AvailableMemory
{
    private const string LinuxFile = "/proc/meminfo";
    private const string LinuxLine = "MemAvailable:";

    /// <summary>Makes sure that so many bytes are there.</summary>
    /// <param name="parameter">The option that most of it is due to, as the library would name it.</param>
    /// <param name="got">Its value.</param>
    /// <param name="bytes">What the run takes at the least; more than a whole number holds, where sizes are absurd.</param>
    /// <param name="remedy">What to do, a sentence.</param>
    /// <exception cref="InputException">They are not.</exception>
    internal static void Require(string parameter, string got, double bytes, string remedy) =>
        Require(parameter, got, bytes, remedy, Bytes());

    /// <summary>The same where it is known what is there.</summary>
    internal static void Require(string parameter, string got, double bytes, string remedy, long available)
    {
        if (bytes > available)
        {
            throw new InputException(
                parameter,
                $"{got}, which takes at least {Text(bytes)} of memory",
                $"what fits into the {Text(available)} that are available",
                remedy);
        }
    }

    // What this machine, or the part of it that the process may use, has; on Linux, what others have left of it.
    private static long Bytes()
    {
        long all = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return OperatingSystem.IsLinux() && File.Exists(LinuxFile)
            && File.ReadLines(LinuxFile).FirstOrDefault(line => line.StartsWith(LinuxLine, StringComparison.Ordinal)) is string line
            && long.TryParse(
                line[LinuxLine.Length..].Replace("kB", "", StringComparison.Ordinal),
                NumberStyles.Integer,
                CultureInfo.InvariantCulture,
                out long kibibytes)
            ? Math.Min(all, 1024 * kibibytes)
            : all;
    }

    private static string Text(double bytes) =>
        bytes < 1e6 ? FormattableString.Invariant($"{bytes:0} bytes")
        : bytes < 1e9 ? FormattableString.Invariant($"{bytes / 1e6:0.#} MB")
        : FormattableString.Invariant($"{bytes / 1e9:#,0.#} GB");
}
