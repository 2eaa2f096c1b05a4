using System.CommandLine;
using System.Globalization;
using Costate.Faces.Names;
using Costate.Faces.Reports;
using Costate.Faces.Sampling;

namespace Costate.Cli.Commands.Sampling;

/// <summary>The options that say how a model was trained, and with which solver and steps it is sampled.</summary>
internal sealed class PlanOptions
{
    private const int DefaultSteps = 20;

    // What a sample is inverted with unless another solver is named: its start noise is near that of the continuous problem.
    private const string DefaultReversible = "rex:rk4";

    // The same for a pipeline, at half the cost: over steps equal in the log-SNR it is as near.
    private const string DefaultReversibleOfPipelines = "rex:midpoint";

    private readonly Option<string?> schedule = CommonOptions.Text(
        "--schedule", "NAME[:N,N]",
        "The noise schedule that it was trained on; see below. Needed with --model unless --scheduler-config or a latent says it.");
    private readonly Option<string?> prediction = CommonOptions.Text(
        "--prediction", "KIND",
        $"What it predicts: {NamedPrediction.List}. Needed with --model unless --scheduler-config or a "
            + "latent says it. For a pipeline: if its files do not tell, as a single file of Stable Diffusion 2.");
    private readonly Option<string?> schedulerConfig = CommonOptions.Text(
        "--scheduler-config", "FILE",
        "A scheduler_config.json of diffusers: schedule, prediction, times, grid, and the solver unless --solver is given.");
    private readonly Option<bool> ignoreClipping = CommonOptions.Flag(
        "--ignore-clipping",
        "Leave out the clipping of predictions that --scheduler-config asks for; without this such a file is refused.");
    private readonly Option<double?> mu = CommonOptions.Number(
        "--mu", "MU", "The shift of a --scheduler-config that depends on the size of the image.");
    private readonly Option<double?> timeScale = CommonOptions.Number(
        "--time-scale", "S", "The network is told S t for time t in [0, 1]. [default: 1]");
    private readonly Option<int?> trainingTimesteps = CommonOptions.Whole(
        "--training-timesteps", 1, int.MaxValue, "The network is told a training step in 0..N-1 instead of a time: N t - 1.");
    private readonly Option<string?> sigmas = CommonOptions.Text(
        "--sigmas", "N,N,...",
        "With --scheduler-config, in place of --steps: the noise levels that the steps start from before the file's shift, "
            + "falling from at most 1, as the pipelines of FLUX, Qwen-Image, LTX and HunyuanVideo hand them to their scheduler: "
            + "1,0.75,0.5,0.25 for 4 steps. The sample's, 0, is added.");
    private readonly Option<string?> solver;
    private readonly Option<int?> steps;
    private readonly Option<string?> grid;
    private readonly Option<double?> start;
    private readonly Option<double?> end;
    private readonly SamplingInput input;

    internal PlanOptions(SamplingInput input)
    {
        this.input = input;
        string usual = input == SamplingInput.Noise
            ? $"{SamplingPlan.DefaultSolver}, or that of --scheduler-config"
            : $"{DefaultReversible}, with a pipeline {DefaultReversibleOfPipelines}";
        solver = CommonOptions.Text("--solver", "NAME", $"The solver; see below. [default: {Default(usual)}]");
        steps = CommonOptions.Whole("--steps", 1, Limits.Steps, $"Number of steps. [default: {Default($"{DefaultSteps}")}]");
        grid = CommonOptions.Text("--grid", "NAME", $"Where it steps; see below. [default: {Default("as the schedule says")}]");
        start = CommonOptions.Number("--start", "T", $"Time of the start, the noise. [default: {Default("1")}]");
        end = CommonOptions.Number("--end", "T", $"Time of the end, the data. [default: {Default("as the schedule says")}]");

        string Default(string otherwise) => input == SamplingInput.Latent ? "that of the latent" : otherwise;
    }

    /// <summary>What a model of the user's was trained on.</summary>
    internal Option[] Trained => [schedule, prediction];

    /// <summary>The same in a file, and what its network is told.</summary>
    internal Option[] Configured => [schedulerConfig, ignoreClipping, mu, timeScale, trainingTimesteps];

    /// <summary>The solver and its steps.</summary>
    internal Option[] Steps => [solver, steps, sigmas, grid, start, end];

    /// <summary>Those that are known of the embedded model.</summary>
    internal Option[] OfModel => [schedule, prediction, schedulerConfig, ignoreClipping, mu, sigmas, timeScale, trainingTimesteps];

    /// <summary>Those that a pipeline says.</summary>
    internal Option[] OfPipeline => [.. OfModel.Except([prediction]), grid, start, end];

    /// <summary>By name: what results say of a scheduler configuration.</summary>
    internal IReadOnlyList<(string Name, Setting? Value)> Describe(ParseResult parsed) =>
    [
        ("schedulerConfig", parsed.GetValue(schedulerConfig)),
        ("mu", parsed.GetValue(mu)),
        ("sigmas", parsed.GetValue(sigmas)),
    ];

    /// <summary>The plan.</summary>
    /// <exception cref="InputException">A name is unknown, or the numbers do not go together.</exception>
    internal SamplingPlan Parse(ParseResult parsed, bool embedded, LatentOptions? latent)
    {
        double? Number(Option option) =>
            Value(parsed, option, latent) is string text ? double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture) : null;
        int stepCount = (int)(Number(steps) ?? DefaultSteps);
        string? solverName = Value(parsed, solver, latent) ?? (input == SamplingInput.Noise ? null : DefaultReversible);
        if (embedded)
        {
            return SamplingPlan.ForFaces(solverName, Value(parsed, grid, latent), stepCount, Number(start), Number(end));
        }

        if (Configuration(parsed, latent) is (string file, var kept))
        {
            bool ignores = parsed.GetValue(ignoreClipping) || (kept is not null && latent!.Values.ContainsKey("ignore-clipping"));
            return SamplingPlan.FromConfiguration(
                file,
                kept,
                ignores,
                Number(mu),
                Value(parsed, sigmas, latent),
                stepCount,
                Value(parsed, solver, latent) ?? (kept is null ? solverName : null));
        }

        return SamplingPlan.FromNames(
            Value(parsed, schedule, latent)!,
            PredictionOf(parsed, latent)!.Value,
            solverName,
            Value(parsed, grid, latent),
            stepCount,
            Number(start),
            Number(end),
            Number(timeScale),
            (int?)Number(trainingTimesteps));
    }

    /// <summary>The plan for a pipeline.</summary>
    /// <exception cref="InputException">A name is unknown, or the number of steps does not fit the scheduler.</exception>
    internal SamplingPlan ParsePipeline(ParseResult parsed, string folder, Prompting prompting, double strength, LatentOptions? latent)
    {
        int stepCount = Value(parsed, steps, latent) is string text ? int.Parse(text, CultureInfo.InvariantCulture) : DefaultSteps;
        string? solverName = Value(parsed, solver, latent) ?? (input == SamplingInput.Noise ? null : DefaultReversibleOfPipelines);
        return SamplingPlan.FromPipeline(
            folder, prompting.Scheduler, PredictionOf(parsed, latent), stepCount, solverName, strength, prompting.Size);
    }

    /// <summary>What the network predicts, where that is given or the latent says it.</summary>
    /// <exception cref="InputException">There is no such prediction.</exception>
    internal Prediction? PredictionOf(ParseResult parsed, LatentOptions? latent) =>
        Value(parsed, prediction, latent) is string text
            ? NamedPrediction.Parse(text)
            : null;

    // The file of a scheduler configuration that the user gives, or the text that the latent has kept of one; null where there is none.
    private (string File, string? Kept)? Configuration(ParseResult parsed, LatentOptions? latent) =>
        parsed.GetValue(schedulerConfig) is string file ? (file, null)
        : latent?.Values.GetValueOrDefault("scheduler-config") is string kept && parsed.GetValue(schedule) is null ? (latent.File, kept)
        : null;

    /// <summary>The value of an option as it is given, or as the latent was made.</summary>
    internal static string? Value(ParseResult parsed, Option option, LatentOptions? latent)
    {
        string? given = parsed.GetResult(option) is { Implicit: false } result ? result.Tokens[0].Value : null;
        return latent is null ? given : latent.Value(option.Name[2..], given);
    }

    /// <summary>Whether what is given goes together, for a model of the user's.</summary>
    /// <exception cref="UsageException">It does not.</exception>
    internal void Check(ParseResult parsed, LatentOptions? latent)
    {
        // A scheduler configuration says all that these options say.
        Option[] replaced = [schedule, prediction, timeScale, trainingTimesteps, grid, start, end];
        Option[] ofConfiguration = [ignoreClipping, mu, sigmas];
        bool configured = Configuration(parsed, latent) is not null;
        if (Given(parsed, configured ? replaced : ofConfiguration) is Option odd)
        {
            throw new UsageException(configured
                ? $"Got {odd.Name} with --scheduler-config, which says it too; leave out one of them."
                : $"Got {odd.Name} without --scheduler-config; leave it out, or name the file that it is about.");
        }

        UsageException.ThrowIf(
            Value(parsed, sigmas, latent) is not null && Given(parsed, [steps]) is not null,
            "Got both --sigmas and --steps; there are as many steps as noise levels. Leave out one of them.");

        UsageException.ThrowIf(
            !configured && (Value(parsed, schedule, latent) is null || Value(parsed, prediction, latent) is null),
            $"Got no {(Value(parsed, schedule, latent) is null ? "--schedule" : "--prediction")}; "
                + "expected --schedule and --prediction as the network was trained, or --scheduler-config with a file that says them.");

        UsageException.ThrowIf(
            parsed.GetValue(trainingTimesteps) is not null && parsed.GetValue(timeScale) is not null,
            "Got both --time-scale and --training-timesteps; give the one that the network was trained with.");
    }

    /// <summary>The first of some options that is given; null if none is.</summary>
    internal static Option? Given(ParseResult parsed, Option[] options) =>
        options.FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false });
}
