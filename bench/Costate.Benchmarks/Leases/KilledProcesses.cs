using System.Diagnostics;
using System.Globalization;
using Costate.Experiments.Sharing;

namespace Costate.Benchmarks.Leases;

/// <summary>Processes that share a folder, of which some are killed while they work.</summary>
/// <param name="Kills">How many were.</param>
/// <param name="Wrong">How many items are not in the merged result exactly once.</param>
/// <param name="Begun">How often an item was begun, by all processes together.</param>
/// <param name="Finished">How often one was finished.</param>
/// <param name="Seconds">From the first start to the last end.</param>
internal sealed record KilledProcesses(int Kills, int Wrong, int Begun, int Finished, double Seconds)
{
    private const string Lapse = "4";

    /// <summary>Runs them to the end; a killed one is replaced.</summary>
    /// <param name="folder">A new one.</param>
    /// <param name="items">How many items.</param>
    /// <param name="processes">How many at a time.</param>
    /// <param name="kills">How many to kill, one after the other.</param>
    /// <param name="milliseconds">That an item takes.</param>
    /// <param name="seed">Of which and when.</param>
    internal static KilledProcesses Run(string folder, int items, int processes, int kills, int milliseconds, int seed)
    {
        Directory.CreateDirectory(folder);
        var random = new Random(seed);
        long began = Stopwatch.GetTimestamp();
        List<Process> running = [.. Enumerable.Range(0, processes).Select(_ => Start())];
        string results = Path.Combine(folder, "results"), merged = Path.Combine(folder, LeaseWorker.Merged);
        int killed = 0;

        // Spread over the run, by what is finished: on any machine some die at its start, others at its end.
        while (killed < kills && !File.Exists(merged))
        {
            Thread.Sleep(random.Next(5, 50));
            int finished = Directory.Exists(results) ? Directory.GetFiles(results, "*.csv").Length : 0;
            Process[] working = [.. running.Where(process => !process.HasExited && File.Exists(LogOf(process)))];
            if (finished >= items * killed / (kills + 1) && working.Length > 0)
            {
                Process victim = working[random.Next(working.Length)];
                killed++;
                victim.Kill();
                victim.WaitForExit();
                running.Remove(victim);
                running.Add(Start());
            }
        }

        foreach (Process process in running)
        {
            process.WaitForExit();
            process.Dispose();
        }

        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var counts = File.ReadLines(merged).CountBy(line => int.Parse(line.Split(',')[0], CultureInfo.InvariantCulture)).ToDictionary();
        string[] lines = [.. Directory.GetFiles(Path.Combine(folder, "logs")).SelectMany(File.ReadLines)];
        return new KilledProcesses(
            killed,
            Enumerable.Range(0, items).Count(item => counts.GetValueOrDefault(item) != 1) + counts.Keys.Count(item => item >= items),
            lines.Count(line => line.StartsWith("begun", StringComparison.Ordinal)),
            lines.Count(line => line.StartsWith("finished", StringComparison.Ordinal)),
            seconds);

        string LogOf(Process process) => Path.Combine(folder, "logs", $"{process.Id}");

        Process Start()
        {
            var start = new ProcessStartInfo(
                "dotnet",
                [typeof(KilledProcesses).Assembly.Location, LeaseWorker.Command, folder, $"{items}", $"{milliseconds}"]);
            start.Environment[LeaseTimes.Variable] = Lapse;
            return Process.Start(start)!;
        }
    }
}
