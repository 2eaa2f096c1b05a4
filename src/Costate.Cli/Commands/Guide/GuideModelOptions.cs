using System.CommandLine;
using Costate.Cli.Commands.Sampling;
using Costate.Cli.Files;
using Costate.Experiments.Guided;
using Costate.Faces.Guidance;
using Costate.Faces.Inputs;
using Costate.Faces.Machines;
using Costate.Faces.Models;
using Costate.Faces.Names;
using Costate.Faces.Sampling;
using Costate.Networks;
using static TorchSharp.torch;
using Option = System.CommandLine.Option;

namespace Costate.Cli.Commands.Guide;

/// <summary>The options that say which model is guided.</summary>
internal sealed class GuideModelOptions
{
    private readonly Option<string?> model = CommonOptions.Text(
        "--model", "FILE|FOLDER",
        "A Stable Diffusion pipeline, its folder or single file, which is told --prompt, and whose decoded pictures are guided; or a "
            + "denoiser of yours, a TorchScript file as costate sample takes it, of which the image is as large as it wants. "
            + "It is a program: run only files whose origin you trust. [default: the embedded model of drawn faces, "
            + "with --prompt the embedded text-to-image model]");
    private readonly Option<string?> schedule = CommonOptions.Text(
        "--schedule", "NAME[:N,N]", "With a denoiser of yours: the noise schedule that it was trained on; see below.");
    private readonly Option<string?> prediction = CommonOptions.Text(
        "--prediction", "KIND",
        $"What it predicts: {NamedPrediction.List}. For a pipeline: if its files do not tell.");
    private readonly Option<double?> timeScale = CommonOptions.Number(
        "--time-scale", "S", v => v > 0, "a number above 0", "With --model: it is told S t for time t in [0, 1]. [default: 1]");
    private readonly Option<int?> trainingTimesteps = CommonOptions.Whole(
        "--training-timesteps", 1, int.MaxValue, "With --model: it is told a training step in 0..N-1 instead of a time.");
    private readonly Option<string?> condition = CommonOptions.Text(
        "--condition", TensorFile.Form, "With --model: the condition z, a tensor [1, ...] in a safetensors file.");
    private readonly Option<string?> weights = CommonOptions.WeightsOrFile();
    private readonly PromptOptions words = new(SamplingInput.Noise);
    private readonly Option<double?> guidanceScale = PromptOptions.GuidanceScale();
    private readonly Option<string?> dtype = CommonOptions.Text(
        "--dtype", "TYPE", "What the networks of a pipeline compute in: float32, bfloat16 or float16. [default: float32]");

    private readonly Option<string> device = CommonOptions.Device();

    /// <summary>All of them, in the order of the help.</summary>
    internal IReadOnlyList<Option> All =>
    [
        model, .. Words, schedule, prediction, timeScale, trainingTimesteps, condition, weights, device,
    ];

    private Option[] Words => [.. words.All.Except(words.OfNoise), guidanceScale, dtype];

    /// <summary>Where the weights of the embedded model are; null for those of the tool.</summary>
    internal string? Weights(ParseResult parsed) => parsed.GetValue(weights);

    /// <summary>Where the model computes.</summary>
    internal Device Device(ParseResult parsed) => ComputeDevice.Named(parsed.GetValue(device)!);

    /// <summary>The folder of the pipeline that is meant, which samples latents; null for another model.</summary>
    internal string? Pipeline(ParseResult parsed, GuideTask task) => parsed.GetValue(model) is string path
        ? Directory.Exists(path) || PipelineFiles.IsSingleFile(path) ? path : null
        : task == GuideTask.Prompt || PlanOptions.Given(parsed, Words) is not null ? new EmbeddedModel(Weights(parsed)).TextFolder
        : null;

    /// <summary>What loads the user's model into the caller's dispose scope; null for the embedded model.</summary>
    /// <exception cref="UsageException">A value is not what its option expects, or two do not go together.</exception>
    internal Func<InputFiles, CommandContext, GuidedModel>? Parse(ParseResult parsed, InputFiles files, GuideTask task)
    {
        Option[] ofDenoiser = [schedule, timeScale, trainingTimesteps, condition];
        string? path = parsed.GetValue(model);
        if (Pipeline(parsed, task) is string folder)
        {
            if (PlanOptions.Given(parsed, ofDenoiser) is Option said)
            {
                string which = path is null ? "the embedded text-to-image model" : $"--model {path}, a pipeline";
                throw new UsageException($"Got {said.Name} with {which}, which says it itself. Leave it out.");
            }

            return ParsePipeline(parsed, files, folder, task);
        }

        if (path is null)
        {
            return PlanOptions.Given(parsed, [prediction, .. ofDenoiser]) is not Option odd ? null : throw new UsageException(
                $"Got {odd.Name} without --model, whose denoiser it is about; leave it out, or give --model.");
        }

        UsageException.ThrowIf(
            task == GuideTask.Prompt,
            $"Got --task prompt with --model {path}, which is no folder; expected a model of costate train text-to-image, which has "
                + "a CLIP pair.");

        CheckDenoiser(parsed, path);
        return (read, _) => Load(read, path, parsed.GetValue(condition), Device(parsed), steps => SamplingPlan.FromNames(
            parsed.GetValue(schedule)!,
            NamedPrediction.Parse(parsed.GetValue(prediction)!),
            solver: null,
            grid: null,
            steps,
            start: null,
            end: null,
            parsed.GetValue(timeScale),
            parsed.GetValue(trainingTimesteps)));
    }

    // For the task of a prompt the model is told nothing.
    private Func<InputFiles, CommandContext, GuidedModel> ParsePipeline(
        ParseResult parsed, InputFiles files, string folder, GuideTask task)
    {
        bool isEmbedded = parsed.GetValue(model) is null;
        double usual = isEmbedded ? EmbeddedModel.TextGuidanceScale : Prompting.UsualScaleOf(folder);
        string? file = isEmbedded ? null : parsed.GetValue(weights);
        Prompting prompting = words.Parse(parsed, files, guidanceScale, dtype, usual, file, latent: null) with
        {
            Prediction = parsed.GetValue(prediction) is string named ? NamedPrediction.Parse(named) : null,
            Device = Device(parsed),
        };
        if (task != GuideTask.Prompt)
        {
            return (_, context) => Load(folder, prompting, goal: null, context);
        }

        Prompting untold = prompting with { Prompts = [""], GuidanceScale = 1 };
        return PlanOptions.Given(parsed, [guidanceScale]) is null && prompting.Negative is null
            ? (_, context) => Load(folder, untold, prompting.Prompts[0], context)
            : throw new UsageException(
                "Got --guidance-scale or --negative with --task prompt, whose model is told nothing to be guided by. Leave it out.");
    }

    private void CheckDenoiser(ParseResult parsed, string path)
    {
        if (PlanOptions.Given(parsed, Words) is Option word)
        {
            throw new UsageException(
                $"Got {word.Name} with --model {path}, {PromptOptions.NoPipeline}");
        }

        UsageException.ThrowIf(
            parsed.GetValue(weights) is not null,
            "Got --weights with --model; they are of the embedded model. Leave out one of them.");

        UsageException.ThrowIf(
            parsed.GetValue(schedule) is null || parsed.GetValue(prediction) is null,
            $"Got --model without {(parsed.GetValue(schedule) is null ? "--schedule" : "--prediction")}; "
                + "expected both, as the network was trained.");

        UsageException.ThrowIf(
            parsed.GetValue(timeScale) is not null && parsed.GetValue(trainingTimesteps) is not null,
            "Got both --time-scale and --training-timesteps; give the one that the network was trained with.");

        _ = NamedPrediction.Parse(parsed.GetValue(prediction)!);
    }

    private static GuidedModel Load(InputFiles files, string path, string? condition, Device device, Func<int, SamplingPlan> planOf)
    {
        SamplingPlan plan = planOf(2);
        Model model = ModelFile.Open(path, plan, ScalarType.Float32, device, steps => planOf(steps).Grid);
        try
        {
            Tensor? z = condition is null
                ? null
                : TensorFile.ForBatch("--condition", TensorFile.Read(files, "--condition", condition, ScalarType.Float32), 1);
            return new GuidedModel(model, z?.to(device), Size: null, Told: []);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static GuidedModel Load(string folder, Prompting prompting, string? goal, CommandContext context)
    {
        DiffusionPipeline pipeline = context.Pipeline(prompting, folder);
        try
        {
            foreach (string lost in Prompting.Lost(pipeline, goal is null ? prompting.Prompts : [goal]))
            {
                context.Terminal.Error.WriteLine(lost);
            }

            GuidedModel guided = GuidedModel.Of(pipeline, prompting, goal);
            return guided with { Model = context.Lent(guided.Model) };
        }
        catch when (context.Terminal.Shelf is null)
        {
            pipeline.Dispose();
            throw;
        }
    }
}
