using System.Diagnostics;
using System.Globalization;
using Costate.Experiments.Sharing;

namespace Costate.Benchmarks.Leases;

/// <summary>Processes that share a folder, of which some are killed while they work.</summary>
/// <param name="Kills">How many were.</param>
/// <param name="Wrong">How many items are not in the merged result exactly once.</param>
/// <param name="Computed">How often an item was finished, by all processes together.</param>
/// <param name="Seconds">From the first start to the last end.</param>
internal sealed record KilledProcesses(int Kills, int Wrong, int Computed, double Seconds)
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
            if (finished >= items * killed / (kills + 1) && finished > 0)
            {
                Process victim = running[random.Next(running.Count)];
                killed += victim.HasExited ? 0 : 1;
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
        int computed = Directory.GetFiles(Path.Combine(folder, "logs")).Sum(log => File.ReadLines(log).Count());
        return new KilledProcesses(
            killed,
            Enumerable.Range(0, items).Count(item => counts.GetValueOrDefault(item) != 1) + counts.Keys.Count(item => item >= items),
            computed,
            seconds);

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
