using System.Globalization;
using System.Text.Json;
using Costate.Faces.Models;
using Costate.Faces.Names;
using Costate.Faces.Reports;
using Costate.Networks;

namespace Costate.Faces.Sampling;

/// <summary>How a network is sampled: all of a sampler but the network itself.</summary>
internal sealed record SamplingPlan
{
    internal const string DefaultSolver = "dpm++2m";

    // Of options without effect: the names come from a file, which may hold any number of any length.
    private const int MaxShown = 20;
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

    /// <summary>What a published scheduler does to the network's answers besides, such as clipping. The default is nothing.</summary>
    internal Func<Denoiser, Denoiser> Adapted { get; private init; } = denoiser => denoiser;

    /// <summary>What it was made of as text, by name, with the values of what was left to the schedule.</summary>
    internal required IReadOnlyDictionary<string, string> Options { get; init; }

    /// <summary>Options of a scheduler configuration that have no effect.</summary>
    private IReadOnlyList<string> IgnoredOptions { get; init; } = [];

    /// <summary>The plan that a scheduler_config.json stands for; a solver of the user's own takes the place of the file's.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kept">The text that a latent has kept of it; the file is not read then.</param>
    /// <param name="ignoreClipping">Whether clipping that it asks for is left out.</param>
    /// <param name="mu">The shift of one that depends on the size of the image.</param>
    /// <param name="sigmas">Noise levels with commas between them, in the place of the number of steps; null for none.</param>
    /// <param name="steps">How many.</param>
    /// <param name="solver">The user's own, or null.</param>
    /// <exception cref="SchedulerConfigurationException">The file cannot be read or asks for something impossible.</exception>
    /// <exception cref="InputException">The number of steps, the noise levels in their place or the shift does not fit it.</exception>
    internal static SamplingPlan FromConfiguration(
        string path,
        string? kept,
        bool ignoreClipping,
        double? mu,
        string? sigmas,
        int steps,
        string? solver)
    {
        SchedulerConfiguration configuration = kept is null
            ? SchedulerConfiguration.Load(path, ignoreClipping)
            : SchedulerConfiguration.Parse(kept, ignoreClipping);
        ScheduledSampling sampling = sigmas is null
            ? configuration.ForSteps(steps, mu)
            : configuration.ForNoiseLevels(NoiseLevels(sigmas), mu);
        Solver chosen = solver is null ? sampling.Solver : NamedSolver.Parse(solver);
        return new SamplingPlan
        {
            Schedule = sampling.Schedule,
            Prediction = configuration.Prediction,
            Solver = chosen,
            Grid = sampling.GridFor(chosen),
            GridName = configuration.ClassName,
            StartScale = sampling.StartScale,
            TimeScale = configuration.TimeScale,
            TrainingTimesteps = configuration.TrainingTimesteps,
            IgnoredOptions = configuration.IgnoredOptions,
            Options = Named(
                ("scheduler-config", kept ?? File.ReadAllText(path)),
                ("ignore-clipping", ignoreClipping ? "true" : null),
                ("mu", mu is double m ? Text(m) : null),
                ("solver", solver),
                ("sigmas", sigmas),
                ("steps", sigmas is null ? Text(steps) : null)),
        };
    }

    /// <summary>The plan of the scheduler of a pipeline; a solver of the user's own takes the place of its own.</summary>
    /// <param name="model">Its folder or single file.</param>
    /// <param name="scheduler">Another scheduler to read its configuration as, or null.</param>
    /// <param name="prediction">What the network predicts, or null for what the model says.</param>
    /// <param name="steps">How many.</param>
    /// <param name="solver">The user's own, or null.</param>
    /// <param name="strength">The part of the steps that is taken, the last ones: for a picture to be changed.</param>
    /// <param name="size">Of the picture, which the steps of some depend on; that of the network if null.</param>
    /// <exception cref="SchedulerConfigurationException">The configuration cannot be read or used.</exception>
    /// <exception cref="InputException">The number of steps does not fit it, none is left, or the solver is unknown.</exception>
    internal static SamplingPlan FromPipeline(
        string model,
        string? scheduler,
        Prediction? prediction,
        int steps,
        string? solver,
        double strength,
        (int Width, int Height)? size)
    {
        var transformer = TransformerFamily.Read(model, scheduler, prediction);
        SchedulerConfiguration configuration = transformer?.Scheduler ?? PipelineFiles.Scheduler(model, scheduler, prediction);
        (int Width, int Height) shown = size ?? (transformer?.PictureSize.Width ?? 0, transformer?.PictureSize.Height ?? 0);
        ScheduledSampling sampling = transformer?.ForSteps(steps, (shown.Height, shown.Width)) ?? configuration.ForSteps(steps);

        // In decimal, 0.07 of 100 steps are 7 and not a little less.
        int taken = (int)Math.Floor((decimal)strength * steps);
        if (taken < 1)
        {
            throw new InputException("strength", FormattableString.Invariant($"{strength}"), $"at least 1/{steps}, for a step to be left");
        }

        sampling = taken == steps ? sampling : sampling.After(Math.Min(steps - taken, sampling.Grid.Steps - 1));
        Solver chosen = solver is null ? sampling.Solver : NamedSolver.Parse(solver);
        return new SamplingPlan
        {
            Schedule = sampling.Schedule,
            Prediction = configuration.Prediction,
            Solver = chosen,
            Grid = sampling.GridFor(chosen),
            GridName = configuration.ClassName,
            StartScale = sampling.StartScale,
            TimeScale = configuration.TimeScale,
            TrainingTimesteps = configuration.TrainingTimesteps,
            IgnoredOptions = [.. configuration.IgnoredOptions.Where(name => name != "clip_sample")],
            Adapted = solver is null ? sampling.Clipped : denoiser => denoiser,
            Options = Named(
                ("scheduler", configuration.ClassName),
                ("prediction", prediction?.ToString().ToLowerInvariant()),
                ("solver", solver),
                ("size", configuration.TakesShift ? FormattableString.Invariant($"{shown.Width}x{shown.Height}") : null),
                ("steps", Text(steps))),
        };
    }

    /// <summary>Noise levels with commas between them.</summary>
    /// <exception cref="InputException">They are no numbers.</exception>
    internal static double[] NoiseLevels(string text) => [.. text.Split(',').Select(part =>
        double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double level)
            ? level
            : throw new InputException(
                "sigmas",
                text.Length == 0 ? "nothing" : text,
                "numbers with commas between them, such as 1,0.75,0.5,0.25")),
        ];

    /// <summary>What of a scheduler configuration has no effect, a sentence; null where nothing does.</summary>
    internal string? Warning
    {
        get
        {
            if (IgnoredOptions.Count == 0)
            {
                return null;
            }

            IEnumerable<string> shown = IgnoredOptions
                .Take(MaxShown)
                .Select(name => JsonEncodedText.Encode(name).ToString())
                .Select(name => name.Length > LongestName ? name[..LongestName] + "..." : name);
            string more = IgnoredOptions.Count > MaxShown ? $" and {IgnoredOptions.Count - MaxShown} more" : "";
            return $"The scheduler configuration has options that {GridName} does not, and that have no effect: "
                + $"{string.Join(", ", shown)}{more}.";
        }
    }

    /// <summary>By name: what a result says of how it was sampled.</summary>
    internal IEnumerable<(string Name, Setting? Value)> Describe() =>
    [
        ("schedule", Schedule.ToString()),
        ("solver", Solver.Name),
        ("steps", Grid.Steps),
        ("grid", GridName),
        ("start", Grid.Start),
        ("end", Grid.End),
        ("timeScale", TrainingTimesteps is null ? TimeScale : null),
        ("trainingTimesteps", TrainingTimesteps),
    ];

    /// <summary>The plan for the embedded model of faces, as it was trained; what is null has the default of its schedule.</summary>
    /// <exception cref="InputException">A name is unknown, or the numbers do not go together.</exception>
    internal static SamplingPlan ForFaces(string? solver, string? grid, int steps, double? start, double? end) =>
        FromNames(
            EmbeddedModel.ScheduleName,
            Prediction.Velocity,
            solver,
            grid,
            steps,
            start,
            end,
            timeScale: null,
            EmbeddedModel.TrainingTimesteps);

    /// <summary>The plan that names stand for; what is null has the default of the schedule.</summary>
    /// <exception cref="InputException">A name is unknown, or the numbers do not go together.</exception>
    internal static SamplingPlan FromNames(
        string schedule,
        Prediction prediction,
        string? solver,
        string? grid,
        int steps,
        double? start,
        double? end,
        double? timeScale,
        int? trainingTimesteps)
    {
        (NamedSchedule named, IReadOnlyList<double> numbers, NoiseSchedule parsed) = NamedSchedule.Parse(schedule);
        TimeGrid points = NamedGrid.Parse(grid ?? named.Grid, parsed, steps, start ?? 1, end ?? named.EndOf(numbers));
        string predicts = prediction.ToString().ToLowerInvariant();
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
            Options = Named(
                ("schedule", schedule),
                ("prediction", predicts),
                ("solver", solver ?? DefaultSolver),
                ("steps", Text(steps)),
                ("grid", grid ?? named.Grid),
                ("start", Text(points.Start)),
                ("end", Text(points.End)),
                ("time-scale", trainingTimesteps is null ? Text(timeScale ?? 1) : null),
                ("training-timesteps", trainingTimesteps is int n ? Text(n) : null)),
        };
    }

    /// <summary>The same plan, with more to say of how something was made, as text by name.</summary>
    internal SamplingPlan With(IEnumerable<KeyValuePair<string, string>> options) =>
        this with { Options = Options.Concat(options).ToDictionary() };

    /// <summary>The same plan over the last steps alone: at least one, and this share of them all.</summary>
    internal SamplingPlan LastPart(double share)
    {
        // In decimal, 0.07 of 100 steps are 7 and not a little more.
        int left = Grid.Steps - Math.Max(1, (int)Math.Ceiling((decimal)share * Grid.Steps));
        return this with { Grid = TimeGrid.FromTimes([.. Grid.Times.Skip(left)], [.. Grid.NetworkTimes.Skip(left)]) };
    }

    private static Dictionary<string, string> Named(params (string Name, string? Value)[] options) =>
        options.Where(o => o.Value is not null).ToDictionary(o => o.Name, o => o.Value!);

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
