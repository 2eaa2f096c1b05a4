using System.Text.Json;
using Costate.Networks;

namespace Costate.Cli.Models;

/// <summary>How a network is sampled: all of a sampler but the network itself.</summary>
internal sealed record SamplingPlan
{
    internal const string DefaultSolver = "dpm++2m";

    // Of options without effect: the names come from a file, which may hold any number of any length.
    private const int MostShown = 20;
    private const int LongestName = 60;

    internal required NoiseSchedule Schedule { get; init; }

    internal required Prediction Prediction { get; init; }

    internal required Solver Solver { get; init; }

    internal required TimeGrid Grid { get; init; }

    /// <summary>What the grid is called.</summary>
    internal required string GridName { get; init; }

    /// <summary>The standard deviation of the noise to start from.</summary>
    internal required double StartScale { get; init; }

    internal required double TimeScale { get; init; }

    internal required int? TrainingTimesteps { get; init; }

    /// <summary>Options of a scheduler configuration that have no effect.</summary>
    private IReadOnlyList<string> IgnoredOptions { get; init; } = [];

    /// <summary>The plan that a scheduler_config.json stands for; a solver of the user's own takes the place of the file's.</summary>
    /// <exception cref="SchedulerConfigurationException">The file cannot be read or asks for something impossible.</exception>
    /// <exception cref="InputException">The number of steps, the noise levels in their place or the shift does not fit it.</exception>
    internal static SamplingPlan FromConfiguration(string path, bool ignoreClipping, double? mu, double[]? sigmas, int steps, string? solver)
    {
        SchedulerConfiguration configuration = SchedulerConfiguration.Load(path, ignoreClipping);
        ScheduledSampling sampling = sigmas is null ? configuration.ForSteps(steps, mu) : configuration.ForNoiseLevels(sigmas, mu);
        return new SamplingPlan
        {
            Schedule = sampling.Schedule,
            Prediction = configuration.Prediction,
            Solver = solver is null ? sampling.Solver : NamedSolver.Parse(solver),
            Grid = sampling.Grid,
            GridName = configuration.ClassName,
            StartScale = sampling.StartScale,
            TimeScale = configuration.TimeScale,
            TrainingTimesteps = configuration.TrainingTimesteps,
            IgnoredOptions = configuration.IgnoredOptions,
        };
    }

    /// <summary>Tells the user what has no effect.</summary>
    internal void WarnOfIgnored(Terminal terminal)
    {
        if (IgnoredOptions.Count > 0)
        {
            IEnumerable<string> shown = IgnoredOptions.Take(MostShown).Select(name => JsonEncodedText.Encode(name).ToString()).Select(name => name.Length > LongestName ? name[..LongestName] + "..." : name);
            string more = IgnoredOptions.Count > MostShown ? $" and {IgnoredOptions.Count - MostShown} more" : "";
            terminal.Error.WriteLine($"The scheduler configuration has options that {GridName} does not, and that have no effect: {string.Join(", ", shown)}{more}.");
        }
    }

    /// <summary>The plan for the embedded model of faces, as it was trained; what is null has the default of its schedule.</summary>
    /// <exception cref="UsageException">A name is unknown, or the numbers do not go together.</exception>
    internal static SamplingPlan ForFaces(string? solver, string? grid, int steps, double? start, double? end) =>
        FromNames(EmbeddedModel.ScheduleName, Prediction.Velocity, solver, grid, steps, start, end, timeScale: null, EmbeddedModel.TrainingTimesteps);

    /// <summary>The plan that names stand for; what is null has the default of the schedule.</summary>
    /// <exception cref="UsageException">A name is unknown, or the numbers do not go together.</exception>
    internal static SamplingPlan FromNames(string schedule, Prediction prediction, string? solver, string? grid, int steps, double? start, double? end, double? timeScale, int? trainingTimesteps)
    {
        (NamedSchedule named, IReadOnlyList<double> numbers, NoiseSchedule parsed) = NamedSchedule.Parse(schedule);
        TimeGrid points = NamedGrid.Parse(grid ?? named.Grid, parsed, steps, start ?? 1, end ?? named.EndOf(numbers));
        return new SamplingPlan
        {
            Schedule = parsed,
            Prediction = prediction,
            Solver = NamedSolver.Parse(solver ?? DefaultSolver),
            Grid = points,
            GridName = grid ?? named.Grid,
            StartScale = named.StartScaleIsSigma ? parsed.Sigma(points.Start) : 1,
            TimeScale = timeScale ?? 1,
            TrainingTimesteps = trainingTimesteps,
        };
    }
}
