using System.CommandLine;
using Costate.Faces.Inputs;
using Costate.Faces.Machines;
using Costate.Faces.Models;
using Costate.Faces.Names;
using Costate.Faces.Sampling;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Sampling;

/// <summary>The options that the commands with a model share.</summary>
internal sealed class SamplingOptions
{
    private const string Faces = "faces";
    private const string Text = "text";

    // Behind the model and its prompt.
    private const int PlaceOfOwn = 3;

    private readonly Option<string?> model = CommonOptions.Text(
        "--model", "FILE|FOLDER",
        "A Stable Diffusion pipeline, a folder with model_index.json or a single file (.safetensors, .ckpt), which is told --prompt; "
            + "or a denoiser, a TorchScript file whose forward takes (x, t, z), or (x, t) without --condition. It is a program: run "
            + "only files whose origin you trust. "
            + "[default: an embedded model of drawn faces, which needs nothing of how it was trained]");
    private readonly Option<string?> embedded = CommonOptions.Text(
        "--embedded", $"{Faces}|{Text}",
        "Which of the embedded models: faces under the code of a face, or faces by words. [default: text with --prompt, otherwise faces]");
    private readonly Option<string?> weights = CommonOptions.WeightsOrFile();
    private readonly Option<string?> condition = CommonOptions.Text(
        "--condition", TensorFile.Form, "The condition z, a tensor [batch, ...] or [1, ...] in a safetensors file.");
    private readonly Option<string?> conditionFrom = ConditionFrom();
    private readonly Option<double?> guidanceScale = PromptOptions.GuidanceScale(" Otherwise it needs --condition and --unconditional.");
    private readonly Option<string?> unconditional = CommonOptions.Text(
        "--unconditional", TensorFile.Form, "The condition that stands for none: a tensor like --condition, or the word zeros.");
    private readonly Option<string?> shape;
    private readonly Option<int?> batch = CommonOptions.Whole("--batch", 1, Limits.Batch, "How many samples. [default: 1]");
    private readonly Option<string?> startNoise = CommonOptions.Text(
        "--start-noise", TensorFile.Form, "The state to start from, a tensor [batch, ...]. [default: drawn from --seed]");
    private readonly Option<ulong?> seed = CommonOptions.Seed("--seed", "S", "Of the start noise, and of the path of a stochastic solver.");
    private readonly Option<string> dtype = CommonOptions.Text(
        "--dtype", "float32|float64",
        "The network's and the states' type of number. A pipeline's networks take float16 and bfloat16 too.",
        "float32");
    private readonly Option<string> device = CommonOptions.Device();
    private readonly RunOptions common;
    private readonly PlanOptions plan;
    private readonly PromptOptions words;
    private readonly SamplingInput input;

    internal SamplingOptions(string outputFolder, SamplingInput input = SamplingInput.Noise)
    {
        this.input = input;
        embedded.AcceptOnlyFromAmong(Faces, Text);
        common = new RunOptions(CommonOptions.Output(outputFolder));
        plan = new PlanOptions(input);
        words = new PromptOptions(input);
        shape = CommonOptions.Text("--shape", "N,N,...", input == SamplingInput.Noise
            ? "Shape of one sample, such as 3,64,64. Needed with --model unless --start-noise gives it."
                : "Shape of one sample, such as 3,64,64, which the input must have; 1,64,64 turns a picture to grey. "
                    + "[default: that of the input, colour for a picture]");
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

    /// <summary>Adds them to a command, what must be given first, and then those that it has by itself.</summary>
    internal void AddTo(Command command, params Option[] own)
    {
        Option[] left = input switch
        {
            SamplingInput.Noise => [],
            SamplingInput.Sample or SamplingInput.Edit => [batch, startNoise, conditionFrom, .. words.OfNoise],
            _ => [shape, batch, startNoise, dtype, .. words.OfNoise],
        };
        Option[] all =
        [
            model, embedded, .. words.All, .. plan.Trained, weights, .. plan.Configured, condition, conditionFrom, guidanceScale,
            unconditional, .. plan.Steps, shape, batch, startNoise, seed, dtype, device, .. common.All,
        ];
        List<Option> shown = [.. all.Except(left)];
        shown.InsertRange(PlaceOfOwn, own);
        shown.ForEach(command.Options.Add);
    }

    /// <summary>The option that takes a condition from a face.</summary>
    internal static Option<string?> ConditionFrom() =>
        CommonOptions.Text(
            "--condition-from", "IMAGE",
            "Decode under the code of this face, a PNG, JPEG or WebP picture (- for the standard input); for the embedded model.");

    /// <summary>Reads a latent, to be decoded by the model that is given.</summary>
    /// <exception cref="CommandException">It was made with a model of the user's, and none is given.</exception>
    internal SavedLatent ReadLatent(ParseResult parsed, string path)
    {
        SavedLatent saved = SavedLatent.Read(path, ComputeDevice.Named(parsed.GetValue(device)!));
        string?[] embeddedNames = [null, SamplingSettings.EmbeddedModelName, SamplingSettings.EmbeddedTextModelName];
        return parsed.GetValue(model) is not null || embeddedNames.Contains(saved.Model)
            ? saved
            : throw new CommandException(
                $"The latent {path} was made with a model of yours, {saved.Model}; give it with --model. "
                    + "A latent names no program that is run unasked.");
    }

    /// <summary>What a picture shall become, in words; null where that is not said so.</summary>
    internal string? Target(ParseResult parsed) => words.Target(parsed);

    /// <summary>What the options say.</summary>
    /// <param name="parsed">What the user typed.</param>
    /// <param name="files">Where pictures and tensors come from.</param>
    /// <param name="latent">What is to be decoded: options that are not given are as it was made with.</param>
    /// <param name="strength">Of a pipeline's steps the part that is taken, the last ones.</param>
    /// <exception cref="UsageException">A value is not what its option expects, or two do not go together.</exception>
    internal SamplingSettings Parse(ParseResult parsed, InputFiles files, SavedLatent? latent = null, double strength = 1)
    {
        if (PipelineOf(parsed, latent) is string folder)
        {
            return ParsePipeline(parsed, files, folder, latent, strength);
        }

        bool isEmbedded = parsed.GetValue(model) is null;
        CheckCombinations(parsed, isEmbedded, latent?.Options);
        SamplingPlan planned = plan.Parse(parsed, isEmbedded, latent?.Options);
        string number = (latent is null ? parsed.GetValue(dtype) : PlanOptions.Value(parsed, dtype, latent.Options)) ?? "float32";
        ScalarType typed = NamedDtype.Parse(number);
        return Common(parsed, files, planned, latent, typed) with
        {
            Configuration = plan.Describe(parsed),
            Condition = parsed.GetValue(condition),
            ConditionFrom = parsed.GetValue(conditionFrom),
            GuidanceScale = parsed.GetValue(guidanceScale),
            Unconditional = parsed.GetValue(unconditional),
            Shape = isEmbedded ? EmbeddedModel.Shape : ShapeText.Parse(parsed.GetValue(shape)),
        };
    }

    // What is the same for all models.
    private SamplingSettings Common(
        ParseResult parsed, InputFiles files, SamplingPlan planned, SavedLatent? latent, ScalarType states) => new()
        {
            Files = files,
            Model = parsed.GetValue(model),
            Weights = parsed.GetValue(weights),
            Plan = planned,
            Batch = parsed.GetValue(batch),
            StartNoise = parsed.GetValue(startNoise),
            Seed = latent?.SeedFor(planned.Solver, parsed.GetValue(seed)) ?? parsed.GetValue(seed) ?? 0,
            Dtype = latent?.State.Dtype ?? states,
            Device = ComputeDevice.Named(parsed.GetValue(device)!),
            Run = common.Of(parsed),
        };

    // The folder of the pipeline that is meant; null where it is another model.
    private string? PipelineOf(ParseResult parsed, SavedLatent? latent)
    {
        bool told = PlanOptions.Given(parsed, words.All) is not null;
        string? which = parsed.GetValue(embedded);
        if (parsed.GetValue(model) is string named)
        {
            return which is not null ? throw new UsageException("Got both --model and --embedded; leave out one of them.")
                : PipelineFiles.IsSingleFile(named) || PipelineFiles.IsFolder(named, told) ? named
                : null;
        }

        string? made = latent?.Model switch
        {
            SamplingSettings.EmbeddedModelName => Faces,
            SamplingSettings.EmbeddedTextModelName => Text,
            _ => null,
        };
        UsageException.ThrowIf(
            which is not null && made is not null && which != made,
            $"Got --embedded {which} for a latent that was made with {made}; leave it out.");

        which ??= made ?? (told ? Text : Faces);
        return which == Text ? new EmbeddedModel(parsed.GetValue(weights)).TextFolder
            : !told ? null
            : throw new UsageException(
                $"Got {PlanOptions.Given(parsed, words.All)!.Name} for the embedded model that draws a face under its code; it takes no "
                    + "words. Leave it out, or give --embedded text.");
    }

    private SamplingSettings ParsePipeline(
        ParseResult parsed, InputFiles files, string folder, SavedLatent? latent, double strength)
    {
        string? named = parsed.GetValue(model);
        Option[] others = [.. plan.OfPipeline, condition, conditionFrom, unconditional, shape];
        if (PlanOptions.Given(parsed, others) is Option odd)
        {
            string which = named is null ? "the embedded text-to-image model" : $"--model {named}, a pipeline";
            throw new UsageException(
                $"Got {odd.Name} with {which}, which says it itself or is told it by --prompt and --size. Leave it out.");
        }

        Prompting prompting = words.Parse(
            parsed,
            files,
            guidanceScale,
            dtype,
            named is null ? EmbeddedModel.TextGuidanceScale : Prompting.UsualScaleOf(named),
            named is null ? null : parsed.GetValue(weights),
            latent?.Options) with
        {
            Prediction = plan.PredictionOf(parsed, latent?.Options),
            Device = ComputeDevice.Named(parsed.GetValue(device)!),
        };
        UsageException.ThrowIf(
            prompting.Prompts.Count > 1 && parsed.GetValue(batch) is not null,
            "Got both --prompts and --batch; there is a sample for each text. Leave out --batch.");

        SamplingPlan planned = plan.ParsePipeline(parsed, folder, prompting, strength, latent?.Options);
        SamplingSettings settings = Common(parsed, files, planned.With(prompting.Options), latent, ScalarType.Float32) with
        {
            GuidanceScale = prompting.GuidanceScale,
            Prompting = prompting,
        };
        return prompting.Prompts.Count > 1 ? settings with { Batch = prompting.Prompts.Count } : settings;
    }

    private void CheckCombinations(ParseResult parsed, bool isEmbedded, LatentOptions? latent)
    {
        if (PlanOptions.Given(parsed, words.All) is Option word)
        {
            throw new UsageException($"Got {word.Name} with --model {parsed.GetValue(model)}, {PromptOptions.NoPipeline}");
        }

        CheckModel(parsed, isEmbedded);
        if (isEmbedded)
        {
            return;
        }

        plan.Check(parsed, latent);
        UsageException.ThrowIf(
            parsed.GetValue(guidanceScale) is not null && (parsed.GetValue(condition) is null || parsed.GetValue(unconditional) is null),
            "Got --guidance-scale alone; it also needs --condition, and --unconditional with the condition that stands for none (or "
                + "the word zeros).");

        UsageException.ThrowIf(
            parsed.GetValue(unconditional) is not null && parsed.GetValue(guidanceScale) is null,
            "Got --unconditional without --guidance-scale; give both, or neither.");

        UsageException.ThrowIf(
            input == SamplingInput.Noise && parsed.GetValue(shape) is null && parsed.GetValue(startNoise) is null,
            "Got no --shape; expected the shape of one sample, such as --shape 3,64,64, or --start-noise with a tensor to start from.");
    }

    // How the embedded model was trained is known, and it was trained with a condition always.
    private void CheckModel(ParseResult parsed, bool isEmbedded)
    {
        Option[] ofModel = [.. plan.OfModel, guidanceScale, unconditional, shape, dtype];
        Option[] ofEmbedded = [weights, conditionFrom];
        if (PlanOptions.Given(parsed, isEmbedded ? ofModel : ofEmbedded) is Option odd)
        {
            throw new UsageException(isEmbedded
                ? $"Got {odd.Name} without --model; it is not for the embedded model of drawn faces. Leave it out, or name your model."
                : $"Got {odd.Name} with --model; it is for the embedded model of drawn faces. Leave out one of them.");
        }

        UsageException.ThrowIf(
            parsed.GetValue(condition) is not null && parsed.GetValue(conditionFrom) is not null,
            "Got both --condition and --condition-from; give one.");

        UsageException.ThrowIf(
            isEmbedded && input == SamplingInput.Noise && parsed.GetValue(condition) is null && parsed.GetValue(conditionFrom) is null,
            "Got neither --condition-from nor --condition; the embedded model draws a face under a code. "
                + "Give a picture of a face, or a code; or name your --model.");
    }
}
