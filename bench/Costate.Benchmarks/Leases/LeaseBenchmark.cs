using System.Diagnostics;
using System.Globalization;
using Costate.Experiments.Editing;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Sharing;
using Costate.Faces.Reports;

namespace Costate.Benchmarks.Leases;

/// <summary>What it costs to divide work by leases in a shared folder, and whether nothing is lost when processes are killed.</summary>
internal static class LeaseBenchmark
{
    private const int Many = 10_000;
    private const int Kills = 20;
    private const int Seed = 19;

    internal static IEnumerable<Figure> Run()
    {
        string folder = Directory.CreateTempSubdirectory("costate-leases-").FullName;
        try
        {
            return [.. Costs(Path.Combine(folder, "many")), .. Killed(Path.Combine(folder, "killed"))];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IEnumerable<Figure> Costs(string path)
    {
        var folder = new ResultFolder<EditingResult>(path, "editing", "face");
        var contents = new EvaluationContents
        {
            Study = "editing",
            Settings = new Dictionary<string, Setting>(),
            Shard = "1/1",
            Methods = new Dictionary<string, int> { ["method"] = Many },
        };
        var dynamic = new Division(Part: null) { Times = LeaseTimes.Of(_ => null) };
        (double fresh, double each) = Started();

        // A result for most of them: each is looked for.
        for (int item = 0; item < Many * 9 / 10; item++)
        {
            string place = Path.Combine(path, "faces", item.ToString("D4", CultureInfo.InvariantCulture));
            Directory.CreateDirectory(place);
            File.WriteAllText(Path.Combine(place, "method.json"), "{}");
        }

        (double resumed, _) = Started();
        yield return new Figure("Start of a share of 10000 items, s", fresh, 1, "from the check of the folder to the first item");
        yield return new Figure("The same with results of 9000, s", resumed, 1, "which are looked for");
        yield return new Figure(
            "Leasing, % of an item of a second", 100 * each, 1, "processor and file system, mean of 1000 items");

        (double Start, double Each) Started()
        {
            long began = Stopwatch.GetTimestamp();
            (_, WorkItems items) = folder.Begin(contents, dynamic);
            using WorkItems held = items;
            using IEnumerator<int[]> groups = items.Groups(1, default).GetEnumerator();
            groups.MoveNext();
            double start = Stopwatch.GetElapsedTime(began).TotalSeconds;
            began = Stopwatch.GetTimestamp();
            for (int i = 0; i < Many / 10 && groups.MoveNext(); i++)
            {
            }

            return (start, Stopwatch.GetElapsedTime(began).TotalSeconds / (Many / 10));
        }
    }

    private static Figure[] Killed(string folder)
    {
        (int items, int processes) = (200, 8);
        KilledProcesses run = KilledProcesses.Run(folder, items, processes, Kills, milliseconds: 400, Seed);
        string detail = $"{items} items, {processes} processes, {run.Kills} of them killed and replaced: items begun {run.Begun} times, "
            + string.Create(CultureInfo.InvariantCulture, $"finished {run.Finished} times, in {run.Seconds:0} s");
        return
        [
            new("Items that are not in the merged result exactly once", run.Wrong, 0, detail),
            new("Kills that did not happen", Kills - run.Kills, 0, "each of a process that is at work, at a random moment"),
            new("Items finished more often than kills explain", Math.Max(0, run.Finished - items - run.Kills), 0, "by all processes"),
        ];
    }
}
