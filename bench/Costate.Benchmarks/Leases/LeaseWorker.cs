using System.Globalization;
using Costate.Experiments.Sharing;

namespace Costate.Benchmarks.Leases;

/// <summary>A process that leases items in a folder, sleeps for each, and keeps a result: it may be killed at any moment.</summary>
internal static class LeaseWorker
{
    internal const string Command = "lease-worker";
    internal const string Merged = "merged.csv";

    internal static int Run(string folder, int items, int milliseconds)
    {
        string results = Directory.CreateDirectory(Path.Combine(folder, "results")).FullName;
        string log = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "logs")).FullName, $"{Environment.ProcessId}");
        using WorkItems work = Division.Parse("dynamic", Environment.GetEnvironmentVariable)
            .Open(folder, "sleep", items, item => !File.Exists(FileOf(item)));
        foreach (int[] group in work.Groups(1, default))
        {
            File.AppendAllText(log, $"begun {group[0]}\n");
            Thread.Sleep(milliseconds);
            string temporary = Path.Combine(results, $".{Environment.ProcessId}");
            File.WriteAllText(temporary, $"{group[0]},{Environment.ProcessId}\n");
            File.Move(temporary, FileOf(group[0]), overwrite: true);
            File.AppendAllText(log, $"finished {group[0]}\n");
        }

        work.Conclude(() => File.WriteAllLines(Path.Combine(folder, Merged), Rows()), default);
        return 0;

        IEnumerable<string> Rows() =>
            Directory.EnumerateFiles(results, "*.csv").Order(StringComparer.Ordinal).Select(file => File.ReadAllText(file).Trim());

        string FileOf(int item) => Path.Combine(results, string.Create(CultureInfo.InvariantCulture, $"{item:D5}.csv"));
    }
}
