using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Costate.Benchmarks;

/// <summary>
/// Runs a measurement in a child process: glibc's allocator takes its settings from the environment before the start only, and a
/// peak of resident memory belongs to a process. Other systems ignore the settings.
/// </summary>
internal sealed class MeasurementProcess(IReadOnlyDictionary<string, string> allocator)
{
    internal const string Command = "child";

    /// <summary>Hands freed tensors back at once: what is resident is what is kept, not what the allocator may use again.</summary>
    internal static MeasurementProcess ReturningFreedMemory { get; } =
        new(new Dictionary<string, string> { ["MALLOC_MMAP_THRESHOLD_"] = "65536" });

    /// <summary>Keeps freed tensors for the next: the page faults of new ones take up to a third of the time, and blur the rest.</summary>
    internal static MeasurementProcess KeepingFreedMemory { get; } = new(new Dictionary<string, string>
    {
        ["MALLOC_MMAP_THRESHOLD_"] = "1073741824",
        ["MALLOC_TRIM_THRESHOLD_"] = "4294967296",
        ["MALLOC_TOP_PAD_"] = "67108864",
    });

    /// <summary>The same with large pages, where the system has them: those of gigabytes take minutes to be made one by one.</summary>
    internal MeasurementProcess InLargePages => new(new Dictionary<string, string>(allocator)
    {
        ["GLIBC_TUNABLES"] = "glibc.malloc.hugetlb=1",
    });

    /// <summary>In the parent: what the child measured.</summary>
    internal T Run<T>(string measurement, params object[] arguments)
    {
        string program = Environment.ProcessPath!;
        string[] host = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(MeasurementProcess).Assembly.Location] : [];
        string[] all = [.. host, Command, measurement, .. arguments.Select(a => Convert.ToString(a, CultureInfo.InvariantCulture)!)];
        return Program(program, all) is string output
            ? JsonSerializer.Deserialize<T>(output)!
            : throw new InvalidOperationException($"The child process of {measurement} failed.");
    }

    /// <summary>In the parent: what a program printed; null if it failed.</summary>
    internal string? Program(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        foreach ((string name, string value) in allocator)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : null;
    }

    /// <summary>In the child: measures, and prints the result for the parent.</summary>
    internal static int Answer(Func<string, string[], object> measure, string[] arguments)
    {
        object answer = measure(arguments[0], arguments[1..]);
        Console.WriteLine(JsonSerializer.Serialize(answer));
        return 0;
    }
}
