using System.CommandLine;
using System.Globalization;
using Costate.Cli.Files;
using Costate.Cli.Names;
using Costate.Faces.Models;
using Costate.Faces.Names;

namespace Costate.Cli.Commands.Sampling;

/// <summary>The options that the commands with a model share.</summary>
internal sealed class SamplingOptions
{
    private const int DefaultSteps = 20;

    // What a sample is inverted with unless another solver is named: its start noise is near that of the continuous problem.
    private const string DefaultReversible = "rex:rk4";

    private static readonly (string Name, Prediction Value)[] Predictions =
        [.. Enum.GetValues<Prediction>().Select(p => (p.ToString().ToLowerInvariant(), p))];

    private readonly Option<string?> model = Text(
        "--model",
        "FILE",
        "The denoiser, a TorchScript file whose forward takes (x, t, z), or (x, t) without --condition. "
            + "It is a program: run only files whose origin you trust. [default: the embedded model of drawn faces, "
            + "which needs nothing of how it was trained]");
    private readonly Option<string?> weights = CommonOptions.Weights();
    private readonly Option<string?> schedule = Text(
        "--schedule",
        "NAME[:N,N]",
        "The noise schedule that it was trained on; see below. Needed with --model unless --scheduler-config or a latent says it.");
    private readonly Option<string?> prediction = Text(
        "--prediction",
        "KIND",
        $"What it predicts: {string.Join(", ", Predictions.Select(p => p.Name))}. Needed with --model unless --scheduler-config or a "
            + "latent says it.");
    private readonly Option<string?> schedulerConfig = Text(
        "--scheduler-config",
        "FILE",
        "A scheduler_config.json of diffusers: schedule, prediction, times, grid, and the solver unless --solver is given.");
    private readonly Option<bool> ignoreClipping = new("--ignore-clipping")
    {
        Description = "Leave out the clipping of predictions that --scheduler-config asks for; without this such a file is refused.",
    };
    private readonly Option<double?> mu = CommonOptions.Number(
        "--mu",
        "MU",
        "The shift of a --scheduler-config that depends on the size of the image.");
    private readonly Option<double?> timeScale = CommonOptions.Number(
        "--time-scale",
        "S",
        "The network is told S t for time t in [0, 1]. [default: 1]");
    private readonly Option<int?> trainingTimesteps = CommonOptions.Whole(
        "--training-timesteps",
        1,
        int.MaxValue,
        "The network is told a training step in 0..N-1 instead of a time: N t - 1.");
    private readonly Option<string?> condition = Text(
        "--condition",
        TensorFile.Form,
        "The condition z, a tensor [batch, ...] or [1, ...] in a safetensors file.");
    private readonly Option<string?> conditionFrom = ConditionFrom();
    private readonly Option<double?> guidanceScale = CommonOptions.Number(
        "--guidance-scale",
        "S",
        "Classifier-free guidance; 1 is none. Needs --condition and --unconditional.");
    private readonly Option<string?> unconditional = Text(
        "--unconditional",
        TensorFile.Form,
        "The condition that stands for none: a tensor like --condition, or the word zeros.");
    private readonly Option<string?> solver;
    private readonly Option<int?> steps;
    private readonly Option<string?> sigmas = Text(
        "--sigmas",
        "N,N,...",
        "With --scheduler-config, in place of --steps: the noise levels that the steps start from before the file's shift, "
            + "falling from at most 1, as the pipelines of FLUX, Qwen-Image, LTX and HunyuanVideo hand them to their scheduler: "
            + "1,0.75,0.5,0.25 for 4 steps. The sample's, 0, is added.");
    private readonly Option<string?> grid;
    private readonly Option<double?> start;
    private readonly Option<double?> end;
    private readonly Option<string?> shape;
    private readonly Option<int?> batch = CommonOptions.Whole("--batch", 1, Limits.Batch, "How many samples. [default: 1]");
    private readonly Option<string?> startNoise = Text(
        "--start-noise",
        TensorFile.Form,
        "The state to start from, a tensor [batch, ...]. [default: drawn from --seed]");
    private readonly Option<ulong?> seed = CommonOptions.Seed("--seed", "S", "Of the start noise, and of the path of a stochastic solver.");
    private readonly Option<string> dtype = new("--dtype")
    {
        HelpName = "float32|float64",
        Description = "The network's and the states' type of number.",
        DefaultValueFactory = _ => "float32",
    };
    private readonly Option<int?> threads = CommonOptions.Threads("Threads of torch. [default: all cores]");
    private readonly Option<bool> json = CommonOptions.Json();
    private readonly Option<string> output;
    private readonly SamplingInput input;

    internal SamplingOptions(string outputFolder, SamplingInput input = SamplingInput.Noise)
    {
        this.input = input;
        output = CommonOptions.Output(outputFolder);
        string usual = input == SamplingInput.Noise ? $"{SamplingPlan.DefaultSolver}, or that of --scheduler-config" : DefaultReversible;
        solver = Text("--solver", "NAME", $"The solver; see below. [default: {Default(usual)}]");
        steps = CommonOptions.Whole("--steps", 1, Limits.Steps, $"Number of steps. [default: {Default($"{DefaultSteps}")}]");
        grid = Text("--grid", "NAME", $"Where it steps; see below. [default: {Default("as the schedule says")}]");
        start = CommonOptions.Number("--start", "T", $"Time of the start, the noise. [default: {Default("1")}]");
        end = CommonOptions.Number("--end", "T", $"Time of the end, the data. [default: {Default("as the schedule says")}]");
        shape = Text("--shape", "N,N,...", input == SamplingInput.Noise
            ? "Shape of one sample, such as 3,64,64. Needed with --model unless --start-noise gives it."
                : "Shape of one sample, such as 3,64,64, which the input must have; 1,64,64 turns a picture to grey. "
                    + "[default: that of the input, colour for a picture]");

        string Default(string otherwise) => input == SamplingInput.Latent ? "that of the latent" : otherwise;
    }

    /// <summary>What every help of a command with these options says below them.</summary>
    internal static IReadOnlyList<string> Notes { get; } =
    [
        NamedSolver.Table(),
        NamedSchedule.Table(),
        NamedGrid.Table(),
        "Noise to start from is standard normal on a variance-preserving schedule; on the others it is multiplied by sigma at the start. "
            + "The same seed gives the same bits on the same machine with the same number of threads.",
    ];

    /// <summary>Adds them to a command, the ones that must be given first.</summary>
    internal void AddTo(Command command)
    {
        Option[] left = input switch
        {
            SamplingInput.Noise => [],
            SamplingInput.Sample => [batch, startNoise, conditionFrom],
            _ => [shape, batch, startNoise, dtype],
        };
        Option[] all =
        [
            model,
            schedule,
            prediction,
            weights,
            schedulerConfig,
            ignoreClipping,
            mu,
            timeScale,
            trainingTimesteps,
            condition,
            conditionFrom,
            guidanceScale,
            unconditional,
            solver,
            steps,
            sigmas,
            grid,
            start,
            end,
            shape,
            batch,
            startNoise,
            seed,
            dtype,
            threads,
            output,
            json,
        ];
        foreach (Option option in all.Except(left))
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The option that takes a condition from a face.</summary>
    internal static Option<string?> ConditionFrom() =>
        Text(
            "--condition-from",
            "IMAGE",
            "Decode under the code of this face, a PNG, JPEG or WebP picture (- for the standard input); for the embedded model.");

    /// <summary>An option with a text that is looked at later.</summary>
    internal static Option<string?> Text(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description };

    /// <summary>The file of the user's model, or null.</summary>
    internal string? ModelOf(ParseResult parsed) => parsed.GetValue(model);

    /// <exception cref="UsageException">A value is not what its option expects, or two do not go together.</exception>
    /// <param name="parsed">What the user typed.</param>
    /// <param name="files">Where pictures and tensors come from.</param>
    /// <param name="latent">What the latent that is to be decoded was made with: options that are not given are as there.</param>
    internal SamplingSettings Parse(ParseResult parsed, InputFiles files, LatentOptions? latent = null)
    {
        CheckCombinations(parsed, latent);
        return new SamplingSettings
        {
            Files = files,
            Model = parsed.GetValue(model),
            Weights = parsed.GetValue(weights),
            Plan = Plan(parsed, latent),
            SchedulerConfiguration = parsed.GetValue(schedulerConfig),
            Mu = parsed.GetValue(mu),
            Sigmas = parsed.GetValue(sigmas),
            Condition = parsed.GetValue(condition),
            ConditionFrom = parsed.GetValue(conditionFrom),
            GuidanceScale = parsed.GetValue(guidanceScale),
            Unconditional = parsed.GetValue(unconditional),
            Shape = parsed.GetValue(model) is null ? EmbeddedModel.Shape : Shape(parsed.GetValue(shape)),
            Batch = parsed.GetValue(batch),
            StartNoise = parsed.GetValue(startNoise),
            Seed = parsed.GetValue(seed) ?? 0,
            SeedIsGiven = parsed.GetValue(seed) is not null,
            Dtype = Specification
                .Find(
                    "dtype",
                    (latent is null ? parsed.GetValue(dtype) : Value(parsed, dtype, latent)) ?? "float32",
                    SamplingSettings.Dtypes,
                    d => d.Name)
                .Value,
            Threads = parsed.GetValue(threads),
            Output = parsed.GetValue(output)!,
            Json = parsed.GetValue(json),
        };
    }

    private SamplingPlan Plan(ParseResult parsed, LatentOptions? latent)
    {
        double? Number(Option option) =>
            Value(parsed, option, latent) is string text ? double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture) : null;
        int stepCount = (int)(Number(steps) ?? DefaultSteps);
        string? solverName = Value(parsed, solver, latent) ?? (input == SamplingInput.Noise ? null : DefaultReversible);
        if (parsed.GetValue(model) is null)
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
            Specification.Find("prediction", Value(parsed, prediction, latent)!, Predictions, p => p.Name).Value,
            solverName,
            Value(parsed, grid, latent),
            stepCount,
            Number(start),
            Number(end),
            Number(timeScale),
            (int?)Number(trainingTimesteps));
    }

    // The file of a scheduler configuration that the user gives, or the text that the latent has kept of one; null where there is none.
    private (string File, string? Kept)? Configuration(ParseResult parsed, LatentOptions? latent) =>
        parsed.GetValue(schedulerConfig) is string file ? (file, null)
        : latent?.Values.GetValueOrDefault("scheduler-config") is string kept && parsed.GetValue(schedule) is null ? (latent.File, kept)
        : null;

    // As it is given, or as the latent was made.
    private static string? Value(ParseResult parsed, Option option, LatentOptions? latent)
    {
        string? given = parsed.GetResult(option) is { Implicit: false } result ? result.Tokens[0].Value : null;
        return latent is null ? given : latent.Value(option.Name[2..], given);
    }

    private void CheckCombinations(ParseResult parsed, LatentOptions? latent)
    {
        bool embedded = parsed.GetValue(model) is null;
        CheckModel(parsed, embedded);
        if (embedded)
        {
            return;
        }

        CheckSchedule(parsed, latent);
        if (parsed.GetValue(trainingTimesteps) is not null && parsed.GetValue(timeScale) is not null)
        {
            throw new UsageException("Got both --time-scale and --training-timesteps; give the one that the network was trained with.");
        }

        if (parsed.GetValue(guidanceScale) is not null && (parsed.GetValue(condition) is null || parsed.GetValue(unconditional) is null))
        {
            throw new UsageException(
                "Got --guidance-scale alone; it also needs --condition, and --unconditional with the condition that stands for none (or "
                    + "the word zeros).");
        }

        if (parsed.GetValue(unconditional) is not null && parsed.GetValue(guidanceScale) is null)
        {
            throw new UsageException("Got --unconditional without --guidance-scale; give both, or neither.");
        }

        if (input == SamplingInput.Noise && parsed.GetValue(shape) is null && parsed.GetValue(startNoise) is null)
        {
            throw new UsageException(
                "Got no --shape; expected the shape of one sample, such as --shape 3,64,64, or --start-noise with a tensor to start from.");
        }
    }

    // How the embedded model was trained is known, and it was trained with a condition always.
    private void CheckModel(ParseResult parsed, bool embedded)
    {
        Option[] ofModel =
        [
            schedule,
            prediction,
            schedulerConfig,
            ignoreClipping,
            mu,
            sigmas,
            timeScale,
            trainingTimesteps,
            guidanceScale,
            unconditional,
            shape,
            dtype,
        ];
        Option[] ofEmbedded = [weights, conditionFrom];
        if (Given(parsed, embedded ? ofModel : ofEmbedded) is Option odd)
        {
            throw new UsageException(embedded
                ? $"Got {odd.Name} without --model; it is not for the embedded model of drawn faces. Leave it out, or name your model."
                : $"Got {odd.Name} with --model; it is for the embedded model of drawn faces. Leave out one of them.");
        }

        if (parsed.GetValue(condition) is not null && parsed.GetValue(conditionFrom) is not null)
        {
            throw new UsageException("Got both --condition and --condition-from; give one.");
        }

        if (embedded && input == SamplingInput.Noise && parsed.GetValue(condition) is null && parsed.GetValue(conditionFrom) is null)
        {
            throw new UsageException(
                "Got neither --condition-from nor --condition; the embedded model draws a face under a code. "
                    + "Give a picture of a face, or a code; or name your --model.");
        }
    }

    private static Option? Given(ParseResult parsed, Option[] options) =>
        options.FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false });

    // A scheduler configuration says all that these options say.
    private void CheckSchedule(ParseResult parsed, LatentOptions? latent)
    {
        Option[] replaced = [schedule, prediction, timeScale, trainingTimesteps, grid, start, end];
        Option[] ofConfiguration = [ignoreClipping, mu, sigmas];
        bool configured = Configuration(parsed, latent) is not null;
        if (Given(parsed, configured ? replaced : ofConfiguration) is Option odd)
        {
            throw new UsageException(configured
                ? $"Got {odd.Name} with --scheduler-config, which says it too; leave out one of them."
                : $"Got {odd.Name} without --scheduler-config; leave it out, or name the file that it is about.");
        }

        if (Value(parsed, sigmas, latent) is not null && Given(parsed, [steps]) is not null)
        {
            throw new UsageException("Got both --sigmas and --steps; there are as many steps as noise levels. Leave out one of them.");
        }

        if (!configured && (Value(parsed, schedule, latent) is null || Value(parsed, prediction, latent) is null))
        {
            throw new UsageException(
                $"Got no {(Value(parsed, schedule, latent) is null ? "--schedule" : "--prediction")}; "
                    + "expected --schedule and --prediction as the network was trained, or --scheduler-config with a file that says them.");
        }
    }

    private static long[]? Shape(string? text)
    {
        if (text is null)
        {
            return null;
        }

        string[] parts = text.Split(',');
        long[] sizes = new long[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (
                !long.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out sizes[i]) || sizes[i] is < 1 or > int.MaxValue
            )
            {
                throw new InputException(
                    "shape",
                    text,
                    "the positive sizes of one sample with commas between them, such as 3,64,64",
                    "The number of samples is --batch.");
            }
        }

        return sizes;
    }
}
