using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// All of a pipeline's folder but the weights: what it is made of, its tokenizer, its scheduler and the shapes of its networks, which
/// have been found to fit together.
/// </summary>
internal sealed class PipelineFolder
{
    internal const string Unet = "unet";
    internal const string Vae = "vae";
    internal const string Text = "text_encoder";
    internal const string Text2 = "text_encoder_2";
    private const string Tokens = "tokenizer";
    private const string Tokens2 = "tokenizer_2";
    private const string Schedule = "scheduler";

    // Height and width of the original and of the picture, and where it was cropped.
    private const int SizeIds = 6;

    // One or two text encoders; what is made of them and the channels of the network decide the rest.
    private static readonly string[] Families =
        ["StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipeline"];

    private static readonly string[] FamiliesOfTwoTexts =
        ["StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline", "StableDiffusionXLInpaintPipeline"];

    // Null: the scheduler's own reader knows its classes.
    private static readonly (string Part, string[]? Classes)[] Parts =
    [
        (Unet, [UNet2DConditionConfig.ClassName]),
        (Vae, [AutoencoderKLConfig.ClassName]),
        (Text, ["CLIPTextModel"]),
        (Tokens, ["CLIPTokenizer", "CLIPTokenizerFast"]),
        (Schedule, null),
    ];

    private static readonly (string Part, string[]? Classes)[] PartsOfTwoTexts =
    [
        .. Parts,
        (Text2, ["CLIPTextModelWithProjection"]),
        (Tokens2, ["CLIPTokenizer", "CLIPTokenizerFast"]),
    ];

    private const int AnySteps = 10;

    private readonly string folder;

    private PipelineFolder(string folder, bool isDouble, bool zerosForNoText, string? scheduler, Prediction? prediction)
    {
        this.folder = folder;
        ZerosForNoText = zerosForNoText;
        Tokenizer = ClipTokenizer.FromPretrained(PathTo(Tokens));
        Scheduler = SchedulerConfiguration.OfPipeline(Path.Combine(PathTo(Schedule), "scheduler_config.json"), scheduler, prediction);
        Run = Scheduler.ForSteps(Math.Min(AnySteps, Scheduler.TrainingTimesteps ?? AnySteps));
        UnetConfig = UNet2DConditionConfig.Read(Path.Combine(PathTo(Unet), "config.json"));
        VaeConfig = AutoencoderKLConfig.Read(Path.Combine(PathTo(Vae), "config.json"));
        TextConfig = ClipTextConfig.Read(Path.Combine(PathTo(Text), "config.json"));
        if (isDouble)
        {
            Tokenizer2 = ClipTokenizer.FromPretrained(PathTo(Tokens2));
            TextConfig2 = ClipTextConfig.Read(Path.Combine(PathTo(Text2), "config.json"));
        }
    }

    internal ClipTokenizer Tokenizer { get; }

    internal ClipTokenizer? Tokenizer2 { get; }

    internal SchedulerConfiguration Scheduler { get; }

    /// <summary>A run of the scheduler: what it starts from and what its samples are does not depend on the number of its steps.</summary>
    internal ScheduledSampling Run { get; }

    internal UNet2DConditionConfig UnetConfig { get; }

    internal AutoencoderKLConfig VaeConfig { get; }

    internal ClipTextConfig TextConfig { get; }

    internal ClipTextConfig? TextConfig2 { get; }

    /// <summary>Whether the network was trained with zeros in place of a text that is missing.</summary>
    internal bool ZerosForNoText { get; }

    /// <summary>Of the pictures that the U-Net was trained on, in pixels, as diffusers takes it.</summary>
    internal (int Height, int Width) PictureSize => UnetConfig.SampleSize is var (height, width)
        ? (height * VaeConfig.Factor, width * VaeConfig.Factor)
        : VaeConfig.SampleSize;

    /// <summary>What the autoencoder computes in: SDXL's exceeds the range of float16.</summary>
    internal ScalarType CodecDtype(ScalarType dtype) =>
        dtype == ScalarType.Float16 && TextConfig2 is not null && VaeConfig.ForceUpcast ? ScalarType.Float32 : dtype;

    /// <summary>Reads <c>model_index.json</c> and the small files of the parts that it names.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="scheduler">Another scheduler to read the configuration as; null for its own.</param>
    /// <param name="prediction">What the network predicts; null for what the scheduler's file says.</param>
    internal static PipelineFolder Read(string folder, string? scheduler, Prediction? prediction)
    {
        if (File.Exists(folder))
        {
            throw new InputException(
                nameof(folder),
                $"the file '{folder}'",
                "a folder",
                "A single file has weights alone: no vocabulary, no scheduler, and not what its network predicts. Give the folder of a "
                    + "model of its family, of which the small files do, and the file beside it: "
                    + $"FromPretrained(FOLDER, weights: \"{folder}\")");
        }

        string index = Path.Combine(folder, "model_index.json");
        if (!File.Exists(index))
        {
            string hint = !Directory.Exists(folder) ? "There is no such folder: check the path."
                : File.Exists(Path.Combine(folder, "config.json")) ? "It is one of the parts: give the folder above it."
                : "Fetch the model's folder as it is, or give the folder that holds it.";
            throw new FileNotFoundException(
                $"There is no '{index}'; expected a model's folder as the Hub lays it out, with model_index.json, {List()}. {hint}", index);
        }

        JsonOptions options = JsonOptions.Open(index);
        bool isDouble = RequireParts(folder, index, options);
        bool zeros = isDouble && options.Flag("force_zeros_for_empty_prompt", true);
        var read = new PipelineFolder(folder, isDouble, zeros, scheduler, prediction);
        read.RequireFit();
        return read;
    }

    /// <summary>The folder of a part.</summary>
    internal string PathTo(string part) => Path.Combine(folder, part);

    /// <summary>A part's weights, by variant.</summary>
    /// <remarks>Models publish <c>non_ema</c> and its like of the U-Net alone: the other parts are then those without a word.</remarks>
    internal WeightSource Open(string part, string? variant)
    {
        try
        {
            return WeightSource.Open(PathTo(part), variant);
        }
        catch (FileNotFoundException) when (variant is not null && part != Unet)
        {
            return WeightSource.Open(PathTo(part));
        }
    }

    // Whether it is of a family of two text encoders.
    private static bool RequireParts(string folder, string index, JsonOptions options)
    {
        string family = options.OptionalText("_class_name", null) ?? throw new InvalidDataException(
            $"'{index}' has no \"_class_name\", which names the pipeline; expected {Families[0]}. Fetch the file again.");
        bool isDouble = FamiliesOfTwoTexts.Contains(family);
        if (!isDouble && !Families.Contains(family))
        {
            throw new NotSupportedException(
                $"'{index}' is of the pipeline {ErrorText.Quote(family)}, which is not supported; expected "
                    + $"one of {string.Join(", ", Families.Concat(FamiliesOfTwoTexts))}, that is Stable Diffusion 1, 2 or XL, "
                    + $"or of {string.Join(", ", TransformerFamily.Pipelines)}.");
        }

        foreach ((string part, string[]? classes) in isDouble ? PartsOfTwoTexts : Parts)
        {
            string name = options.ComponentClass(part)
                ?? throw new InvalidDataException($"'{index}' has no {ErrorText.Quote(part)}; the pipeline is made of {List()}.");
            if (classes is not null && !classes.Contains(name))
            {
                throw new NotSupportedException(
                    $"'{index}' has a {ErrorText.Quote(part)} of the class {ErrorText.Quote(name)}, which is not supported; expected "
                        + $"{string.Join(" or ", classes)}.");
            }

            if (!Directory.Exists(Path.Combine(folder, part)))
            {
                throw new FileNotFoundException(
                    $"There is no folder '{Path.Combine(folder, part)}', the {ErrorText.Quote(part)} of the pipeline. Fetch it too.",
                    Path.Combine(folder, part));
            }
        }

        return isDouble;
    }

    private void RequireFit()
    {
        string family = TextConfig2 is null ? "one text encoder" : "two text encoders";
        Fit(Unet, UnetConfig.HasAddedConditions == (TextConfig2 is not null),
            UnetConfig.HasAddedConditions ? "is told a pooled text and sizes (text_time)" : "is told a text alone",
            Text, $"is of {family}");
        int channels = VaeConfig.LatentChannels;
        if (UnetConfig.InChannels > channels && !PipelineNetwork.Paints(UnetConfig.InChannels, channels))
        {
            throw new NotSupportedException(
                $"'{PathTo(Unet)}' takes {UnetConfig.InChannels} channels and the latents have {channels}: it is told more than them, as "
                    + "networks for instructions or depth are, which is not supported here. Use UNet2DConditionModel and a denoiser of a "
                    + "function that adds the others.");
        }

        Fit(Unet, UnetConfig.InChannels >= channels && UnetConfig.OutChannels == channels,
            $"takes {UnetConfig.InChannels} channels and gives {UnetConfig.OutChannels}", Vae, $"makes latents of {channels}");
        int width = TextConfig.HiddenSize + (TextConfig2?.HiddenSize ?? 0);
        Fit(Unet, UnetConfig.CrossAttentionDim[0] == width,
            $"takes texts of width {UnetConfig.CrossAttentionDim[0]}", Text, $"makes them of width {width}");
        FitTokens(Tokens, Tokenizer, Text, TextConfig);
        if (TextConfig2 is not null)
        {
            FitTokens(Tokens2, Tokenizer2!, Text2, TextConfig2);
            int told = UnetConfig.ProjectionClassEmbeddingsInputDim!.Value - (SizeIds * UnetConfig.AdditionTimeEmbedDim!.Value);
            Fit(Unet, told == TextConfig2.ProjectionDim,
                $"takes a pooled text of width {told} beside {SizeIds} sizes", Text2, $"makes one of width {TextConfig2.ProjectionDim}");
        }
    }

    private void FitTokens(string tokens, ClipTokenizer tokenizer, string text, ClipTextConfig config)
    {
        Fit(tokens, tokenizer.VocabularySize <= config.VocabSize,
            $"has {tokenizer.VocabularySize} tokens", text, $"knows {config.VocabSize}");
        Fit(tokens, tokenizer.Length <= config.MaxPositionEmbeddings,
            $"makes texts of {tokenizer.Length} tokens", text, $"takes at most {config.MaxPositionEmbeddings}");
    }

    private void Fit(string part, bool fits, string does, string other, string otherDoes)
    {
        if (!fits)
        {
            throw new InvalidDataException(
                $"'{PathTo(part)}' {does}, but '{PathTo(other)}' {otherDoes}: they are of two models. Fetch both again.");
        }
    }

    private static string List() => string.Join(", ", Parts.Select(part => part.Part));
}
