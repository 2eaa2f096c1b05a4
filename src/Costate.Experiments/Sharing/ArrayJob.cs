using System.Globalization;

namespace Costate.Experiments.Sharing;

/// <summary>What the environment says of the array job that a process is of: a scheduler's names of the variables that say it.</summary>
/// <param name="Scheduler">What it is called.</param>
/// <param name="Index">The variable of the index.</param>
/// <param name="First">That of the first index; null if it is always <paramref name="Lowest"/>.</param>
/// <param name="Last">That of the last.</param>
/// <param name="Step">That of the distance from one to the next.</param>
/// <param name="Count">That of their number.</param>
/// <param name="Lowest">The first index where no variable says it.</param>
internal sealed record ArrayJob(string Scheduler, string Index, string? First, string? Last, string? Step, string? Count, long Lowest = 0)
{
    internal static readonly IReadOnlyList<ArrayJob> All =
    [
        new(
            "Slurm",
            "SLURM_ARRAY_TASK_ID",
            "SLURM_ARRAY_TASK_MIN",
            "SLURM_ARRAY_TASK_MAX",
            "SLURM_ARRAY_TASK_STEP",
            "SLURM_ARRAY_TASK_COUNT"),
        new("Kubernetes", "JOB_COMPLETION_INDEX", First: null, Last: null, Step: null, Count: null),
        new("PBS", "PBS_ARRAY_INDEX", First: null, Last: null, Step: null, Count: null, Lowest: 1),
        new("PBS (Torque)", "PBS_ARRAYID", First: null, Last: null, Step: null, Count: null, Lowest: 1),
        new("Grid Engine", "SGE_TASK_ID", "SGE_TASK_FIRST", "SGE_TASK_LAST", "SGE_TASK_STEPSIZE", Count: null),
        new("AWS Batch", "AWS_BATCH_JOB_ARRAY_INDEX", First: null, Last: null, Step: null, "AWS_BATCH_JOB_ARRAY_SIZE"),
    ];

    // What Grid Engine says to jobs that are no arrays.
    private const string Undefined = "undefined";

    /// <summary>The part of the array job that the environment is of, and where that was read.</summary>
    /// <param name="given">What the user gave, for messages.</param>
    /// <param name="parts">How many parts there are, if the user says it.</param>
    /// <param name="environment">Its variables.</param>
    /// <exception cref="InputException">It says none, or nothing that can be.</exception>
    internal static (Shard Part, string Found) Find(string given, int? parts, Func<string, string?> environment)
    {
        ArrayJob[] here = [.. All.Where(job => job.Text(job.Index, environment) is not null)];
        return here switch
        {
            [] => throw new InputException(
                "shard",
                $"{given}, without an array job,",
                $"one of the variables {string.Join(", ", All.Select(job => job.Index))}",
                "Start it as an array job, or give the part as K/N."),
            [ArrayJob job] => job.Part(given, parts, environment),
            _ => throw new InputException(
                "shard",
                $"{given} with variables of several schedulers: "
                    + string.Join(", ", here.Select(job => $"{job.Scheduler} ({job.Index}={environment(job.Index)})")),
                "those of one",
                "Unset the others, or give the part as K/N."),
        };
    }

    private (Shard Part, string Found) Part(string given, int? parts, Func<string, string?> environment)
    {
        string found = string.Join(
            ", ",
            new[] { Index, First, Last, Step, Count }.OfType<string>()
                .Where(name => Text(name, environment) is not null).Select(name => $"{name}={environment(name)}"));
        long index = Number(Index) ?? throw Wrong("a whole number as the index");
        long first = Number(First) ?? Lowest, step = Number(Step) ?? 1;
        long? count = Number(Count);
        if (Number(Last) is long last)
        {
            if (step < 1 || last < first || (last - first) % step != 0 || (count is not null && count != ((last - first) / step) + 1))
            {
                throw Wrong("indices that follow each other at one distance");
            }

            count ??= ((last - first) / step) + 1;
        }

        if ((count ?? parts) is not long all)
        {
            throw Wrong($"auto/N with the number of parts, which {Scheduler} does not say");
        }

        if (parts is int said && said != all)
        {
            throw Wrong($"{said} parts");
        }

        return step >= 1 && index >= first && (index - first) % step == 0 && (index - first) / step < all && all <= Shard.Most
            ? (new Shard((int)((index - first) / step) + 1, (int)all), $"{Scheduler}, {found}")
            : throw Wrong($"an index of {all} that begin with {first}, at most {Shard.Most} of them");

        long? Number(string? name) => name is null || Text(name, environment) is not string text ? null
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value <= int.MaxValue ? value
            : throw Wrong($"a whole number for {name}");

        InputException Wrong(string expected) =>
            new("shard", $"{given} with {found} of {Scheduler}", expected, "Give the part as K/N where that cannot be.");
    }

    private string? Text(string name, Func<string, string?> environment) =>
        environment(name) is { Length: > 0 } text && !string.Equals(text, Undefined, StringComparison.OrdinalIgnoreCase) ? text : null;
}
